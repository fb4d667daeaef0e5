/** The commands that make a first script answer, for bash and zsh. */
export interface FirstCommands {
  signIn: string;
  script: string;
  route: string;
  call: string;
}

const source = String.raw`return { hello = ctx.request.query.name or \"world\" }`;

/** Writes username's commands for the app with that slug of the server at root, a URL that ends in a slash. */
export function firstCommands(root: string, username: string, slug: string): FirstCommands {
  const admin = `${root}api/v1/admin`;
  const credential = String.raw`-H "Authorization: Bearer $TOKEN" -H "Content-Type: application/json"`;
  return {
    // The first sed writes the password as JSON has it, the second keeps the token.
    signIn: String.raw`printf 'Password of %s: ' ${quoted(username)}; read -rs PASSWORD
TOKEN=$(printf '{"username":"%s","password":"%s"}' ${quoted(jsonText(username))}     "$(printf %s "$PASSWORD" | sed 's/["]/\&/g')"   | curl -sS "${admin}/auth/login" -H "Content-Type: application/json" -d @-   | sed -n 's/.*"token": *"\([^"]*\)".*//p'); unset PASSWORD`,
    // tee shows the whole answer; sed keeps the id for the next command.
    script: String.raw`SCRIPT=$(curl -sS "${admin}/apps/${slug}/scripts" \
  ${credential} \
  -d '{"name":"hello","source":"${source}"}' \
  | tee /dev/stderr | sed -n 's/.*"id": *"\([^"]*\)".*/\1/p')`,
    route: String.raw`curl -sS "${admin}/scripts/$SCRIPT/routes" \
  ${credential} \
  -d '{"method":"GET","path":"/hello"}'`,
    call: `curl -sS "${root}hello?name=Pi"`,
  };
}

/** One word of a shell, whatever is in it. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

/** Text as it stands between the quotes of a JSON string. */
function jsonText(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}
