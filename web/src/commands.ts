/** The commands that make a first script answer, for bash and zsh. */
export interface FirstCommands {
  script: string;
  route: string;
  call: string;
}

const source = String.raw`return { hello = ctx.request.query.name or \"world\" }`;

/** Writes the commands for the app with that slug of the server at root, a URL that ends in a slash. */
export function firstCommands(root: string, slug: string): FirstCommands {
  const admin = `${root}api/v1/admin`;
  const credential = String.raw`-H "Authorization: Bearer $TOKEN" -H "Content-Type: application/json"`;
  return {
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
