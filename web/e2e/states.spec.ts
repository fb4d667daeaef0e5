// Every address of the page in each of its states: on its way, failed, offline, without the right, and empty.
import type { BrowserContext, Page, Route } from "@playwright/test";
import { places } from "../src/routes";
import { expect, nobody, signIn, test } from "./fixtures";
import { owner, Server } from "./server";

interface State {
  /** The pattern in src/routes.ts. */
  pattern: string;
  /** What the page shows once it has what it asked for. */
  shows: string | RegExp;
  /** It asks for nothing that it could not do without. */
  asksNothing?: boolean;
  /** Whether a viewer of the app may see it. */
  hidden?: boolean;
  /** A query that opens a form for those who may. */
  form?: string;
  /** What an empty instance or app says there, and what to do next. */
  empty?: [string, string | RegExp];
}

const states: State[] = [
  { pattern: "", shows: "Overview", hidden: true },
  { pattern: "welcome", shows: "1. A script", asksNothing: true },
  { pattern: "account", shows: "of the states", empty: ["You have no API keys", "Make one for each program"] },
  { pattern: "apps", shows: "Your role", form: "new=1" },
  { pattern: "apps/:app/scripts", shows: "watcher", form: "new=1", empty: ["No script yet", "Begin with a new one"] },
  { pattern: "apps/:app/scripts/:script", shows: "return ctx.request.query" },
  { pattern: "apps/:app/scripts/:script/versions", shows: "version 1" },
  { pattern: "apps/:app/scripts/:script/routing", shows: "/watched", form: "new=1" },
  { pattern: "apps/:app/scripts/:script/settings", shows: "Each change is a new version" },
  { pattern: "apps/:app/scripts/:script/executions", shows: /^GET .*watched/ },
  { pattern: "apps/:app/executions", shows: /^GET .*watched/, empty: ["Nothing has run yet", "Call a route"] },
  { pattern: "apps/:app/members", shows: "Reads everything but secrets", hidden: true, form: "new=1", empty: ["has no members", "Add people"] },
  { pattern: "apps/:app/secrets", shows: "WEATHER_KEY", hidden: true, form: "set=*", empty: ["has no secrets", "Save one here"] },
  { pattern: "apps/:app/settings", shows: "As files", asksNothing: true, form: "import=1" },
  { pattern: "overview", shows: "Executions per minute", hidden: true, empty: ["Nothing has run since the start", "Make a first script answer"] },
  { pattern: "backups", shows: "Have backups taken by themselves", hidden: true, empty: ["Have backups taken by themselves", "PICLOUD_BACKUP_DIR"] },
  { pattern: "settings", shows: "PICLOUD_ADDR", hidden: true },
  { pattern: "audit", shows: "Made the app", hidden: true },
  { pattern: "users", shows: owner.username, hidden: true, form: "new=1" },
  { pattern: "reference/http", shows: "Errors of any call" },
  { pattern: "reference/lua", shows: "Differences from Lua 5.1" },
  { pattern: "apps/:app/templates", shows: "Count something", asksNothing: true },
  { pattern: "apps/:app/templates/:template", shows: "What it makes" },
  { pattern: "apps/:app/triggers", shows: "state/#", form: "new=cron", empty: ["No trigger yet", "Make one for a clock"] },
  { pattern: "apps/:app/data", shows: "stored-values", form: "new=entry", empty: ["Nothing stored yet", "made here or by a script"] },
  { pattern: "apps/:app/data/kv/:collection", shows: "hall/door", form: "new=1", empty: ["There is no entry in this collection", "A script stores one"] },
  { pattern: "apps/:app/data/docs/:collection", shows: "attic", form: "new=1", empty: ["There is no document in this collection", "A script stores one"] },
  { pattern: "apps/:app/dead-letters", shows: "state/x", empty: ["Nothing waits for you", "An event that fails at every attempt"] },
  { pattern: "apps/:app/dead-letters/waiting", shows: "Everything is delivered", empty: ["Everything is delivered", "Triggers and asynchronous routes"] },
  { pattern: "apps/:app/dead-letters/abandoned", shows: "Every caller waited", empty: ["Every caller waited", "whose caller hangs up"] },
  { pattern: "apps/:app/dead-letters/:letter", shows: "the watcher fell asleep" },
];

/** Something for each page to show; returns what the parameters of the addresses are. */
async function furnish(server: Server, app: string): Promise<Record<string, string>> {
  const at = `apps/${app}`;
  const source = 'if ctx.event then error("the watcher fell asleep") end\nreturn ctx.request.query\n';
  const script = await server.newScript(app, "watcher", source, { method: "GET", path: `/${app}/watched` });
  await fetch(`${server.url}/${app}/watched`);
  await server.call("PUT", `${at}/kv/stored-values/hall%2Fdoor`, { value: 1 });
  await server.call("POST", `${at}/docs/stored-values`, { id: "attic", data: {} });
  await server.call("PUT", `${at}/secrets/WEATHER_KEY`, { value: "not to be seen" });
  await server.call("POST", `${at}/triggers/topic`, { script_id: script, name: "state", topic: { filter: "state/#" }, retry: { max_attempts: 1 } });
  await server.newMember(`vera-${app}`, app, "viewer");
  await server.call("POST", "api-keys", { name: `of the states of ${app}`, scopes: ["script:read"] });
  const publisher = await server.newScript(app, "publisher", 'topics.publish("state/x", 1)');
  await server.call("POST", `scripts/${publisher}/invoke`, { request: { method: "POST", path: "/" } });
  let letter = "";
  await expect.poll(async () => {
    const { items } = await server.call<{ items: { id: string }[] }>("GET", `${at}/dead-letters`);
    return (letter = items[0]?.id ?? "");
  }).not.toBe("");
  return { app, script, letter, collection: "stored-values", template: "counter" };
}

const addressOf = ({ pattern }: State, params: Record<string, string>) => pattern.replace(/:(\w+)/g, (_, name: string) => params[name]!);

/** Goes to a place as a link would, without loading the page again. */
async function go(page: Page, server: Server, address: string) {
  await page.evaluate((to) => {
    history.pushState(null, "", to);
    dispatchEvent(new PopStateEvent("popstate"));
  }, `${server.url}/admin/${address}`);
}

/** Stands between the page and the API; what it does with a call can be changed. */
async function between(page: Page) {
  const door = { answer: (route: Route): Promise<void> => route.continue() };
  await page.route("**/api/v1/**", (route) => door.answer(route));
  return door;
}

/** Opens the page and a place in it that needs nothing, so that all code but the pages' own is there. */
async function open(page: Page, server: Server) {
  await page.goto(`${server.url}/admin/welcome`);
  await expect(page.getByRole("heading", { level: 1, name: "Welcome to PiCloud" })).toBeVisible();
}

const main = (page: Page) => page.getByRole("main");

/** The part of the page that shows what it has; an input's value is no text. */
const shown = (page: Page, text: string | RegExp) => main(page).getByText(text).filter({ visible: true }).first();

test("every address of the page is in the table", () => {
  expect(states.map(({ pattern }) => pattern).sort()).toEqual(places.map(({ pattern }) => pattern).sort());
});

test.describe("an owner sees", () => {
  test.use({ expected: /status of 500|ERR_CONNECTION_REFUSED/ });

  const asking = states.filter(({ asksNothing, pattern }) => !asksNothing && pattern !== "");

  test("rows that stand in while a page is on its way", async ({ page, app, server }) => {
    const params = await furnish(server, app);
    await open(page, server);
    const door = await between(page);
    for (const state of asking) {
      const waiting: Route[] = [];
      door.answer = async (route) => void waiting.push(route);
      await go(page, server, addressOf(state, params));
      await test.step(state.pattern, async () => {
        await expect(main(page).locator('[aria-busy="true"]').getByText("Loading…").first()).toBeAttached();
        await expect(main(page).locator('[aria-busy="true"] .loading').first()).toBeVisible();
        await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
        door.answer = (route) => route.continue();
        await Promise.all(waiting.map((route) => route.continue().catch(() => undefined))); // given up when another place was asked for
        await expect(shown(page, state.shows)).toBeVisible();
        await expect(main(page).locator(".loading")).toHaveCount(0);
      });
    }
  });

  test("the message of a failure, its request id, and another try that helps", async ({ page, app, server }) => {
    const params = await furnish(server, app);
    await open(page, server);
    const door = await between(page);
    for (const state of asking) {
      const failure = { error: { code: "internal", message: "the card is worn out", details: { sector: 7 } } };
      door.answer = (route) => route.fulfill({ status: 500, headers: { "X-Request-Id": "req-4711" }, json: failure });
      await go(page, server, addressOf(state, params));
      await test.step(state.pattern, async () => {
        const alert = main(page).getByRole("alert");
        await expect(alert.first()).toContainText(/the card is worn out/i);
        await expect(alert.first()).toContainText("request req-4711");
        await expect(alert.first()).toContainText("sector: 7");
        door.answer = (route) => route.continue();
        // What stood behind the first failure may have failed as well.
        await expect(async () => {
          for (const again of await alert.getByRole("button", { name: "Try again" }).all()) {
            await again.click({ timeout: 1_000 });
          }
          await expect(alert).toHaveCount(0, { timeout: 1_000 });
        }).toPass();
        await expect(shown(page, state.shows)).toBeVisible();
      });
    }
  });

  test("that PiCloud does not answer, and the page by itself when it does again", async ({ page, app, server }) => {
    const params = await furnish(server, app);
    await open(page, server);
    const door = await between(page);
    for (const state of asking) {
      door.answer = (route) => route.abort("connectionrefused");
      await go(page, server, addressOf(state, params));
      await test.step(state.pattern, async () => {
        const banner = main(page).getByText("What you see may be old");
        await expect(banner).toBeVisible();
        await expect(main(page).getByRole("alert").first()).toContainText("PiCloud does not answer");
        door.answer = (route) => route.continue();
        await page.evaluate(() => dispatchEvent(new Event("online"))); // rather than to wait for the next time that it asks
        await expect(shown(page, state.shows)).toBeVisible();
        await expect(main(page).getByRole("alert")).toHaveCount(0);
        await expect(banner).toBeHidden();
      });
    }
  });
});

test.describe("a viewer", () => {
  test.use({ storageState: nobody });

  /** Buttons that change nothing on the server. */
  const harmless = /^(Copy|Reload|Refresh|Live|Search|Clear)|^just now/;

  test("reads what they may, and meets no button that would be refused", async ({ page, context, app, server }) => {
    const params = await furnish(server, app);
    await signIn(context.request, server.url, { username: `vera-${app}`, password: owner.password });
    const refused: string[] = [];
    page.on("response", (response) => response.status() === 403 && refused.push(response.url()));
    await open(page, server);
    for (const state of states) {
      await go(page, server, `${addressOf(state, params)}${state.form ? `?${state.form}` : ""}`);
      await test.step(state.pattern, async () => {
        if (state.hidden && state.pattern !== "") {
          await expect(page.getByRole("heading", { name: "Your role does not reach this page" })).toBeVisible();
        } else if (state.pattern === "" || state.pattern === "apps") {
          await expect(page.getByRole("table", { name: "Apps" })).toContainText("Viewer");
        } else if (state.pattern === "welcome" || state.pattern === "account") {
          await expect(shown(page, state.pattern === "welcome" ? "Ask an owner or admin" : "You have no API keys")).toBeVisible();
        } else {
          await expect(shown(page, state.shows)).toBeVisible();
        }
        await expect(page.getByRole("dialog")).toHaveCount(0);
        if (state.pattern !== "account") {
          const names = await main(page).getByRole("button", { disabled: false }).evaluateAll((all) => all.map((node) => node.getAttribute("aria-label") ?? node.textContent?.trim() ?? ""));
          expect(names.filter((name) => !harmless.test(name))).toEqual([]);
        }
      });
    }
    expect(refused).toEqual([]);
  });
});

test.describe("an empty PiCloud", () => {
  test.use({ storageState: nobody });

  test("says on each page what to do next", async ({ page, context, browser }) => {
    const server = await Server.start();
    await server.claim();
    await signIn(context.request, server.url);
    await open(page, server);
    const params = { app: "default", collection: "none" };
    for (const state of states.filter(({ empty }) => empty)) {
      await go(page, server, addressOf(state, params));
      await test.step(state.pattern, async () => {
        for (const text of state.empty!) {
          await expect(shown(page, text)).toBeVisible();
        }
      });
    }
    const script = await server.newScript("default", "lonely", "return 1");
    await go(page, server, `apps/default/scripts/${script}/routing`);
    await expect(shown(page, "A route gives the script an address of its own")).toBeVisible();
    await go(page, server, `apps/default/scripts/${script}/executions`);
    await expect(shown(page, "Call a route, fire a trigger or start a test run")).toBeVisible();
    await stranger(server, await browser.newContext({ storageState: nobody }));
    await server.stop();
  });

  /** Somebody who is a member of no app. */
  async function stranger(server: Server, context: BrowserContext) {
    await server.call("POST", "admins", { username: "otto", password: owner.password, role: "member" });
    await signIn(context.request, server.url, { username: "otto", password: owner.password });
    const page = await context.newPage();
    await page.goto(`${server.url}/admin/`);
    await expect(shown(page, "Ask an owner or admin of this PiCloud to add you to one.")).toBeVisible();
    await context.close();
  }
});

test.describe("before somebody is signed in", () => {
  test.use({ storageState: nobody, expected: /status of (401|500)|ERR_CONNECTION_REFUSED/ });

  test("a slow, failing or silent server is told of, and asked again", async ({ page, server }) => {
    const door = await between(page);
    let arrived!: () => void;
    const asked = new Promise<void>((resolve) => (arrived = resolve));
    let letGo!: () => void;
    const held = new Promise<void>((resolve) => (letGo = resolve));
    door.answer = async (route) => {
      arrived();
      await held;
      await route.fulfill({ status: 500, headers: { "X-Request-Id": "req-4712" }, json: { error: { code: "internal", message: "the card is worn out" } } });
    };
    await page.goto(`${server.url}/admin/apps`);
    await asked;
    await expect(page.getByText("Loading…")).toBeAttached();
    letGo();
    await expect(page.getByRole("alert")).toContainText("request req-4712");
    door.answer = (route) => route.abort("connectionrefused");
    await page.getByRole("button", { name: "Try again" }).click();
    await expect(page.getByRole("alert")).toContainText("PiCloud does not answer");
    door.answer = (route) => route.continue();
    await page.getByRole("button", { name: "Try again" }).click();

    await page.getByLabel("Name").fill(owner.username);
    await page.getByLabel("Password", { exact: true }).fill(owner.password);
    door.answer = (route) => route.abort("connectionrefused");
    await page.getByRole("button", { name: "Sign in" }).click();
    await expect(page.getByRole("alert")).toContainText("PiCloud does not answer");
    door.answer = (route) => route.continue();
    await page.getByRole("button", { name: "Sign in" }).click();
    await expect(page.getByRole("heading", { level: 1, name: "Apps" })).toBeVisible();
  });
});
