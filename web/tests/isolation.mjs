// Drives a real browser for the test of the admin isolation: signs in at the admin page, then opens each hostile page
// of tests/attacks.js in the same browser and looks whether it used, took or broke the session. It reads its settings
// as JSON from the environment and prints one line of JSON for each finding.
import { get } from "node:http";
import { chromium } from "playwright-core";

const settings = JSON.parse(process.env.ISOLATION);
const { admin, hostile, token, username, password, attacks, hosts } = settings;

const say = (finding) => console.log(JSON.stringify(finding));

const browser = await chromium.launch({
  executablePath: settings.chromium,
  args: [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    ...(hosts ? [`--host-resolver-rules=${hosts}`] : []),
  ],
});

// These change the browser for all that follow, so each has one of its own. The others share one, as tabs.
const alone = [
  "form-logout", "login-as-another", "service-worker", "cookie-overwrite", "cookie-overflow", "answer-cookies",
  "answer-overflow", "storage", "cache", "header-clear", "messages",
];

try {
  await signInAndOut();
  const shared = await signedInContext();
  const together = attacks.filter((name) => !alone.includes(name));
  const jobs = [
    ...together.map((name) => async () => say({ attack: name, how: await run(name, shared), session: "owner" })),
    ...attacks.filter((name) => alone.includes(name)).map((name) => () => runAlone(name)),
  ];
  const work = async () => {
    for (let job = jobs.shift(); job; job = jobs.shift()) {
      await job();
    }
  };
  await Promise.all(Array.from({ length: 6 }, work));
  say({ attack: "", how: [], session: await sessionOf(shared) });
} finally {
  await browser.close();
}

/** Signs in, reloads and signs out as a person does, and tells what the page could read of the session. */
async function signInAndOut() {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(`${admin}/admin/`);
  await page.getByLabel("Name").fill(username);
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
  const you = page.getByRole("button", { name: `You: ${username}` });
  await you.waitFor();
  await page.reload();
  await you.waitFor();
  const readable = await page.evaluate(() => document.cookie + JSON.stringify(localStorage) + JSON.stringify(sessionStorage));
  const cookies = (await context.cookies()).map(({ value, ...rest }) => rest);
  await you.click();
  await page.getByRole("menuitem", { name: "Sign out" }).click();
  await page.getByRole("button", { name: "Sign in" }).waitFor();
  await page.reload();
  await page.getByRole("button", { name: "Sign in" }).waitFor();
  say({ signedOut: (await context.cookies()).length === 0, readable, cookies });
  await context.close();
}

/** A browser in which the owner is signed in: the cookie comes from the server, as it is set. */
async function signedInContext() {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(`${admin}/admin/none.png`); // the lightest answer that has the page's origin and policy
  const status = await page.evaluate(async (body) => {
    const options = { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
    return (await fetch("/api/v1/admin/auth/login", options)).status;
  }, { username, password, cookie: true });
  if (status !== 200) throw new Error(`the owner's sign-in answers ${status}`);
  await page.close();
  return context;
}

async function runAlone(name) {
  const context = await signedInContext();
  const how = await run(name, context);
  say({ attack: name, how, session: await sessionOf(context) });
  await context.close();
}

/** Runs one attack in a browser that is signed in, and returns by what it must be said to work. */
async function run(name, context) {
  const page = await context.newPage();
  if (name === "history") {
    await page.goto(`${admin}/admin/#seen-before`);
  }
  const response = await page.goto(`${hostile}/hostile/${name}?target=${admin}`);
  await page.waitForFunction(() => window.finished, null, { timeout: 30_000 });
  const [wins, taken, text] = await page.evaluate(() => [window.wins, window.taken, document.body.innerText]);
  const how = [...wins, ...judgeText([...taken, text].join("\n")), ...judgeHeaders(response.headers()), ...(await judgeServer(name))];
  if (name === "manifest") {
    how.push(...(await judgeManifest(context, page)));
  }
  await page.close();
  return how;
}

/** What was read must show neither the session's token nor who is signed in. */
function judgeText(text) {
  const how = [];
  if (/pis_(?!A{43})|pic_[a-z2-7]{52}/.test(text)) how.push("a credential was read");
  if (text.includes('"role":"owner"') || text.includes('"username"')) how.push("an answer for the owner was read");
  return how;
}

function judgeHeaders(headers) {
  const originWide = ["alt-svc", "strict-transport-security", "nel", "report-to", "reporting-endpoints", "service-worker-allowed", "clear-site-data"];
  return originWide.filter((name) => headers[name] !== undefined).map((name) => `the answer bears ${name}`);
}

async function judgeServer(name) {
  const status = await new Promise((resolve, reject) => {
    const { hostname, port, host } = new URL(admin);
    const path = `/api/v1/admin/apps/hacked-${name}`;
    const headers = { Host: host, Authorization: `Bearer ${token}` };
    // The names of the split mode are known to the browser alone.
    const address = hosts ? "127.0.0.1" : hostname;
    get({ host: address, port, path, headers }, (response) => resolve(response.resume().statusCode)).on("error", reject);
  });
  return status === 404 ? [] : [`an app was made as the owner (${status})`];
}

/** A page that could be installed as the admin page would be believed. */
async function judgeManifest(context, page) {
  const devtools = await context.newCDPSession(page);
  const { data, manifest } = await devtools.send("Page.getAppManifest");
  return data && manifest?.startUrl === `${admin}/admin/` ? ["the page can be installed under the admin page's address"] : [];
}

/** Whom the admin page, opened anew, takes the browser for: "owner", "another", or "none". */
async function sessionOf(context) {
  const page = await context.newPage();
  const response = await page.goto(`${admin}/admin/`).catch(() => null);
  if (!response?.ok()) return `none (the page answers ${response?.status()})`;
  return page.evaluate(async (name) => {
    const answer = await fetch("/api/v1/admin/auth/me");
    if (!answer.ok) return `none (${answer.status})`;
    return (await answer.json()).username === name ? "owner" : "another";
  }, username);
}
