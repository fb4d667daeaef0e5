// What goes wrong on an ordinary day: something wrong is typed, somebody else was quicker, the session is over.
import type { Page } from "@playwright/test";
import { expect, signIn, test } from "./fixtures";
import { owner } from "./server";

const dialog = (page: Page) => page.locator("main ~ dialog[open], main dialog[open]").last();

test.describe("a form that is refused", () => {
  test.use({ expected: /status of 4(09|22)|is not focusable/ });

  test("unfolds the part of it that holds the reason", async ({ page, app, server }) => {
    const script = await server.newScript(app, "limited", "return 1");
    await page.goto(`apps/${app}/scripts/${script}/settings`);
    const fold = page.getByText("Advanced limits");
    await fold.click();
    await page.getByLabel("Memory in bytes").fill("999999999999");
    await fold.click();
    await page.getByRole("button", { name: "Save settings" }).click();
    const said = page.getByRole("alert").filter({ hasText: "over its ceiling" });
    await expect(said).toBeVisible();
    await expect(said).toContainText("request ");

    await page.getByLabel("Memory in bytes").fill("-5");
    await expect(said).toHaveCount(0);
    await fold.click();
    await page.getByRole("button", { name: "Save settings" }).click();
    await expect(page.getByLabel("Memory in bytes")).toBeFocused();
  });

  test("names the other route in words, and is quiet again when it is mended", async ({ page, app, server }) => {
    const script = await server.newScript(app, "first", "return 1", { method: "GET", path: `/${app}/taken` });
    await page.goto(`apps/${app}/scripts/${script}/routing?new=1`);
    await dialog(page).getByLabel("Path", { exact: true }).fill(`/${app}/taken`);
    await dialog(page).getByRole("button", { name: "Add route" }).click();
    const refusal = dialog(page).getByRole("alert").filter({ hasText: "request " });
    await expect(refusal).toContainText(`The other route: GET /${app}/taken`);
    await expect(refusal).not.toContainText("{");
    await dialog(page).getByLabel("Path", { exact: true }).fill(`/${app}/Free`);
    await expect(refusal).toHaveCount(0);
    await expect(dialog(page).getByText("Paths tell upper case from lower case")).toBeVisible();
  });

  test("keeps a number field that was emptied again as empty", async ({ page, app, server }) => {
    await page.goto(`apps/${app}/data?new=entry`);
    await dialog(page).getByLabel("Collection").fill("sensors");
    await dialog(page).getByLabel("Key", { exact: true }).fill("hall");
    await dialog(page).getByLabel("Seconds until it is gone").fill("60");
    await dialog(page).getByLabel("Seconds until it is gone").fill("");
    await dialog(page).getByLabel("Value, as JSON").fill("21.5");
    await dialog(page).getByRole("button", { name: "Create" }).click();
    await expect(page.getByRole("row").filter({ hasText: "hall" })).toContainText("never");
    expect(await server.call("GET", `apps/${app}/kv/sensors/hall`)).toMatchObject({ value: 21.5, expires_at: null });
  });
});

test("a click beside a dialog closes it only when nothing is lost", async ({ page, app }) => {
  const beside = () => page.mouse.click(4, 400);
  await page.goto(`apps/${app}/secrets?set=*`);
  await dialog(page).getByLabel("Name", { exact: true }).fill("HALF_TYPED");
  await beside();
  await expect(dialog(page).getByLabel("Name", { exact: true })).toHaveValue("HALF_TYPED");
  await page.keyboard.press("Escape");
  await expect(page.locator("dialog[open]")).toHaveCount(0);
  await page.getByRole("button", { name: "New secret" }).click();
  await beside();
  await expect(page.locator("dialog[open]")).toHaveCount(0);

  await page.goto("users?new=1");
  await dialog(page).getByLabel("Name", { exact: true }).fill(`once-${app}`);
  await dialog(page).getByRole("button", { name: "Create user" }).click();
  await expect(dialog(page).getByText("The password is not shown again")).toBeVisible();
  await beside();
  await expect(dialog(page).getByText("The password is not shown again")).toBeVisible();
});

test("the browser's back button closes a dialog, and does not bring back one that is done", async ({ page, app, server }) => {
  await page.goto("apps");
  await page.goto(`apps/${app}/scripts`);
  await page.getByRole("button", { name: "New script" }).first().click();
  await expect(dialog(page)).toBeVisible();
  await page.goBack();
  await expect(page.locator("dialog[open]")).toHaveCount(0);
  await page.getByRole("button", { name: "New script" }).first().click();
  await dialog(page).getByRole("button", { name: "Cancel" }).click();
  await expect(page).toHaveURL(`${server.url}/admin/apps/${app}/scripts`);
  await page.getByRole("button", { name: "New script" }).first().click();
  await dialog(page).getByLabel("Name", { exact: true }).fill("made");
  await dialog(page).getByRole("button", { name: "Create script" }).click();
  await page.getByRole("textbox", { name: "Source of made" }).waitFor();
  await page.goBack();
  await expect(page.getByRole("link", { name: "made" })).toBeVisible();
  await expect(page.locator("dialog[open]")).toHaveCount(0);
  await page.goBack();
  await expect(page.getByRole("heading", { level: 1, name: "Apps" })).toBeVisible();
});

test("a list stays where it was when something in it is saved", async ({ page, app, server }) => {
  for (let i = 100; i < 220; i++) {
    await server.call("PUT", `apps/${app}/kv/many/k${i}`, { value: i });
  }
  await page.goto(`apps/${app}/data/kv/many`);
  const rows = page.getByRole("table", { name: "Entries" }).getByRole("row");
  while (!(await page.getByRole("link", { name: "k219" }).isVisible())) {
    const before = await rows.count();
    await page.getByRole("button", { name: "Load more" }).click();
    await expect.poll(() => rows.count()).toBeGreaterThan(before);
  }
  await page.getByRole("link", { name: "k219" }).click();
  await dialog(page).getByLabel("Value, as JSON").fill('"changed"');
  await dialog(page).getByRole("button", { name: "Save" }).click();
  await expect(rows.filter({ hasText: "k219" })).toContainText("changed");
  await expect(rows).toHaveCount(121);
});

test.describe("when somebody else was quicker", () => {
  test.use({ expected: /status of 40[49]/ });

  test("an entry that was changed is shown before it is deleted", async ({ page, app, server }) => {
    await server.call("PUT", `apps/${app}/kv/doors/front`, { value: "shut" });
    await page.goto(`apps/${app}/data/kv/doors?key=front`);
    await dialog(page).getByRole("button", { name: "Delete…" }).waitFor();
    await server.call("PUT", `apps/${app}/kv/doors/front`, { value: "open" });
    await dialog(page).getByRole("button", { name: "Delete…" }).click();
    await dialog(page).getByRole("button", { name: "Delete", exact: true }).click();
    await expect(dialog(page).getByRole("alert")).toContainText("Somebody has changed this entry");
    await expect(dialog(page).getByRole("region", { name: "What is there now" })).toHaveText('"open"');
    await dialog(page).getByRole("button", { name: "Take theirs" }).click();
    await dialog(page).getByRole("button", { name: "Delete…" }).click();
    await dialog(page).getByRole("button", { name: "Delete", exact: true }).click();
    await expect(page.getByText("There is no entry in this collection")).toBeVisible();
  });

  for (const kind of ["kv", "docs"] as const) {
    test(`what was deleted can be saved again: ${kind}`, async ({ page, app, server }) => {
      const path = `apps/${app}/${kind}/things/one`;
      await (kind === "kv"
        ? server.call("PUT", path, { value: { n: 1 } })
        : server.call("POST", `apps/${app}/docs/things`, { id: "one", data: { n: 1 } }));
      await page.goto(`apps/${app}/data/${kind}/things?${kind === "kv" ? "key" : "id"}=one`);
      await dialog(page).getByLabel(/as JSON/).fill('{"n": 2}');
      await server.call("DELETE", path);
      await dialog(page).getByRole("button", { name: "Save" }).click();
      await expect(dialog(page).getByRole("alert")).toContainText("Somebody has deleted this");
      await dialog(page).getByRole("button", { name: "Keep mine" }).click();
      await dialog(page).getByRole("button", { name: "Save" }).click();
      await expect(page.locator("dialog[open]")).toHaveCount(0);
      expect(JSON.stringify(await server.call("GET", path))).toContain('{"n":2}');
    });
  }

  test("what they wrote about the app stays", async ({ page, app, server }) => {
    await page.goto(`apps/${app}/settings`);
    await page.getByLabel("Name", { exact: true }).fill("Mine");
    await server.call("PATCH", `apps/${app}`, { description: "Theirs" });
    await page.getByRole("button", { name: "Save", exact: true }).click();
    await expect(page.getByText("The app is saved.")).toBeVisible();
    expect(await server.call("GET", `apps/${app}`)).toMatchObject({ name: "Mine", description: "Theirs" });
  });
});

test.describe("a session that ends", () => {
  test.use({ expected: /status of 40[13]/, storageState: { cookies: [], origins: [] } });

  test("hides the page, and gives back what was being typed", async ({ page, context, app, server }) => {
    await signIn(context.request, server.url);
    await page.goto(`apps/${app}/secrets?set=*`);
    await dialog(page).getByLabel("Name", { exact: true }).fill("HALF_TYPED");
    await dialog(page).getByLabel("Value", { exact: true }).fill("sesame");
    await context.clearCookies();
    await dialog(page).getByRole("button", { name: "Save secret" }).click();
    const door = page.getByRole("dialog", { name: "Sign in again" });
    await expect(door.getByText("Your session has ended")).toBeVisible();
    await door.getByLabel("Name").fill(owner.username);
    await door.getByLabel("Password", { exact: true }).fill(owner.password);
    await door.getByRole("button", { name: "Sign in" }).click();
    await expect(door).toHaveCount(0);
    await expect(dialog(page).getByLabel("Name", { exact: true })).toHaveValue("HALF_TYPED");
    await dialog(page).getByRole("button", { name: "Save secret" }).click();
    await expect(page.getByRole("row").filter({ hasText: "HALF_TYPED" })).toBeVisible();
  });

  test("shows nothing of theirs to somebody else", async ({ page, context, app, server }) => {
    await server.newMember(`next-${app}`, app, "viewer");
    await signIn(context.request, server.url);
    await page.goto(`apps/${app}/secrets?set=*`);
    await dialog(page).getByLabel("Value", { exact: true }).fill("sesame");
    await context.clearCookies();
    await dialog(page).getByLabel("Name", { exact: true }).fill("HALF_TYPED");
    await dialog(page).getByRole("button", { name: "Save secret" }).click();
    const door = page.getByRole("dialog", { name: "Sign in again" });
    await door.getByLabel("Name").fill(`next-${app}`);
    await door.getByLabel("Password", { exact: true }).fill(owner.password);
    await door.getByRole("button", { name: "Sign in" }).click();
    await expect(door).toHaveCount(0);
    await expect(page.getByText("HALF_TYPED")).toHaveCount(0);
    expect(await page.locator("input").evaluateAll((fields: HTMLInputElement[]) => fields.map((field) => field.value).join())).not.toContain("sesame");
  });
});

test.describe("addresses", () => {
  test.use({ timezoneId: "America/New_York" });

  test("a script below another app's address is led to its own", async ({ page, app, server }) => {
    const other = await server.newApp("Other");
    const script = await server.newScript(app, "mine", "return 1");
    await page.goto(`apps/${other}/scripts/${script}/settings`);
    await expect(page).toHaveURL(new RegExp(`apps/${app}/scripts/${script}/settings`));
    await expect(page.getByRole("button", { name: "App:" })).toBeVisible();
  });

  test("the filters of executions and the audit follow the address, in the person's own day", async ({ page, app }) => {
    await page.goto(`apps/${app}/executions?text=door`);
    await expect(page.getByLabel("Text")).toHaveValue("door");
    await page.getByRole("link", { name: "Executions", exact: true }).click();
    await expect(page.getByLabel("Text")).toHaveValue("");
    const asked = page.waitForRequest(/\/audit\?.*since=2026-01-02T05%3A00/);
    await page.goto("audit?since=2026-01-02");
    await asked;
    await page.goto("audit?since=soon");
    await expect(page.getByRole("table", { name: "Audit log" })).toBeVisible();
  });

  test("names of any length keep the page's width, and short ones their line", async ({ page, app, server }) => {
    const long = `${"u".repeat(100)}-${app}`;
    await server.newMember(long, app, "viewer");
    await page.goto(`apps/${app}/members`);
    await expect(page.getByRole("row").filter({ hasText: long })).toBeVisible();
    expect(await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)).toBe(0);
    await page.goto("audit");
    const who = page.getByRole("cell", { name: owner.username, exact: true }).first();
    const lines = await who.evaluate((cell) => {
      const range = document.createRange();
      range.selectNodeContents(cell);
      return new Set(Array.from(range.getClientRects(), (rect) => rect.top)).size;
    });
    expect(lines).toBe(1);
  });

  test("how long ago something was is told by the server's clock, which may be another than the browser's", async ({ page, app, server }) => {
    await server.newScript(app, "late", "return 1", { method: "GET", path: `/${app}/late` });
    await fetch(`${server.url}/${app}/late`);
    await page.route("**/api/v1/admin/**", async (route) => {
      const response = await route.fetch();
      const twoHoursOn = new Date(Date.now() + 2 * 3_600_000 + 60_000).toUTCString();
      await route.fulfill({ response, headers: { ...response.headers(), date: twoHoursOn } });
    });
    await page.goto(`apps/${app}/executions`);
    await expect(page.getByRole("button", { name: /\/late/ })).toContainText("2 hours ago");
  });

  test("log lines stand at the time of the browser, as their run does", async ({ page, app, server }) => {
    await server.newScript(app, "clock", 'log.info("tick")', { method: "GET", path: `/${app}/clock` });
    await fetch(`${server.url}/${app}/clock`);
    await page.goto(`apps/${app}/executions`);
    await page.getByRole("button", { name: /\/clock/ }).click();
    const started = /\d\d:\d\d:/.exec(await page.getByText("Started").locator("..").innerText())?.[0];
    await expect(page.getByRole("list", { name: "Log lines" }).locator("time")).toContainText(started ?? "none");
  });
});
