import type { Locator, Page } from "@playwright/test";
import { expect, test } from "./fixtures";

const editorOf = (page: Page, name: string) => page.getByRole("textbox", { name: `Source of ${name}` });

/** Puts the cursor to the end of the source and types. */
async function typeAtEnd(page: Page, name: string, text: string) {
  await editorOf(page, name).click();
  await page.keyboard.press("Control+End");
  await page.keyboard.type(text);
}

/** Replaces the whole source at once: typed letter by letter, the editor would indent it and close brackets. */
async function replaceSource(page: Page, name: string, source: string) {
  await editorOf(page, name).click();
  await page.keyboard.press("Control+A");
  await page.keyboard.press("Delete");
  await page.keyboard.insertText(source);
}

const saved = (page: Page, version: number) =>
  expect(page.getByRole("status").getByText(`Version ${version} is saved and in use.`)).toBeVisible();

test("from a new script to a call, its log, its error line, and back", async ({ page, app, server, check }) => {
  await page.goto(`apps/${app}/scripts`);
  await expect(page.getByRole("heading", { name: "No script yet" })).toBeVisible();
  await check("scripts-empty");
  await page.getByRole("button", { name: "New script" }).first().click();
  const dialog = page.getByRole("dialog", { name: "New script" });
  await dialog.getByLabel("Name").fill("hello");
  await dialog.getByRole("button", { name: "Create script" }).click();
  await expect(editorOf(page, "hello")).toContainText("return { hello = name }");
  await check("script-edit");

  await replaceSource(page, "hello", 'log.info("called", { by = ctx.request.query.by })\nreturn { hello = "all" }\n');
  await expect(page.getByText("not saved")).toBeVisible();
  await page.keyboard.press("Control+s");
  await saved(page, 2);

  await page.getByRole("link", { name: "Routing" }).click();
  await page.getByRole("button", { name: "New route" }).click();
  await page.getByLabel("Path", { exact: true }).fill(`/${app}/hello`);
  await page.getByRole("button", { name: "Add route" }).click();
  await expect(page.getByText(`/${app}/hello`).first()).toBeVisible();
  expect(await (await fetch(`${server.url}/${app}/hello?by=curl`)).json()).toEqual({ hello: "all" });

  await page.getByRole("link", { name: "Executions" }).nth(1).click();
  await page.getByRole("button", { name: new RegExp(`success.*GET /${app}/hello\\?by=curl.*called`) }).click();
  await expect(page.getByRole("list", { name: "Log lines" })).toContainText('"by": "curl"');
  await check("script-executions");

  await page.getByRole("link", { name: "Edit", exact: true }).click();
  await replaceSource(page, "hello", 'local reading = nil\nreturn { hello = reading.value }\n');
  await page.getByRole("button", { name: "Save and run" }).click();
  await saved(page, 3);
  const line = page.locator(".cm-run-error");
  await expect(line).toContainText("attempt to index");
  expect(await line.evaluate((note) => note.previousElementSibling?.textContent)).toContain("reading.value");
  await page.getByRole("button", { name: "Go to line 2" }).click();
  await expect(editorOf(page, "hello")).toBeFocused();
  await check("script-error-line");
  expect((await fetch(`${server.url}/${app}/hello`)).status).toBe(502);

  await page.getByRole("link", { name: "Versions" }).click();
  await page.getByRole("link", { name: "version 2" }).click();
  await page.getByRole("button", { name: "Go back to version 2" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Go back" }).click();
  await expect(page.getByText("Version 4 has the source of version 2 and is in use.")).toBeVisible();
  await expect(page.getByRole("heading", { name: "From version 3 to 4" })).toBeVisible();
  await expect(page.locator(".cm-deletedChunk").first()).toContainText("local reading = nil");
  await check("script-versions");
  await page.getByLabel("Show as").selectOption("side by side");
  await expect(page.getByRole("textbox", { name: "version 3" })).toContainText("reading.value");
  expect((await fetch(`${server.url}/${app}/hello`)).status).toBe(200);
});

test("the editor completes, explains, finds problems and formats", async ({ page, app, server }) => {
  const id = await server.newScript(app, "sensor", 'local hall = kv.collection("hall")\nlocal  t=hall:get( "t" )\nreturn t\n');
  const policies: string[] = [];
  await page.exposeFunction("refused", (what: string) => policies.push(what));
  await page.addInitScript(() => {
    document.addEventListener("securitypolicyviolation", (event) => (window as any).refused(event.violatedDirective));
  });
  await page.goto(`apps/${app}/scripts/${id}`);
  await expect(page.getByText("No problems found.")).toBeVisible();

  await page.getByRole("button", { name: "Format" }).click();
  await expect(editorOf(page, "sensor")).toContainText('local t = hall:get("t")');
  await editorOf(page, "sensor").click();
  await page.keyboard.press("Control+End");
  await page.keyboard.type("hall:se");
  const option = page.getByRole("option", { name: /^set/ });
  await expect(option).toContainText("(key, value, options?)");
  await expect(page.locator(".cm-completionInfo")).toContainText("Returns number");
  await option.click();
  await page.keyboard.type("('t', 1, { if_v");
  await expect(page.getByRole("option", { name: /^if_version/ })).toBeVisible();
  await page.keyboard.press("Escape");
  await page.keyboard.press("Control+Home");
  await page.keyboard.press("End");
  for (let i = 0; i < 10; i++) await page.keyboard.press("ArrowLeft"); // into "collection"
  await page.keyboard.press("F1");
  await expect(page.locator(".cm-help")).toContainText("kv.collection(name)");

  await replaceSource(page, "sensor", 'local ü = "ü"; retrun = 1\nreturn ü\n');
  const problem = page.getByRole("list", { name: "Problems" }).getByRole("button").first();
  await expect(problem).toBeVisible();
  await problem.click();
  await expect(editorOf(page, "sensor")).toBeFocused();
  await page.keyboard.press("Escape");
  await page.keyboard.press("Tab");
  await expect(editorOf(page, "sensor")).not.toBeFocused();
  expect(policies).toEqual([]);
});

test.describe("two people at one script", () => {
  test.use({ expected: /status of 409/ });

  test("neither loses work, and a draft outlives the page", async ({ page, app, server, check }) => {
    const id = await server.newScript(app, "shared", "return 1\n");
    await page.goto(`apps/${app}/scripts/${id}`);
    await typeAtEnd(page, "shared", "-- mine");
    await page.reload();
    await expect(page.getByText("What you had not saved is back")).toBeVisible();
    await expect(editorOf(page, "shared")).toContainText("-- mine");
    await server.call("PATCH", `scripts/${id}`, { source: "return 2\n" });
    await page.getByRole("button", { name: "Save", exact: true }).click();
    await expect(page.getByText("Somebody saved version 2 while you were editing.")).toBeVisible();
    await page.getByRole("button", { name: "Show the difference" }).click();
    await expect(page.locator(".cm-deletedChunk")).toContainText("return 2");
    await check("script-stale");
    await page.getByRole("button", { name: "Save mine over it" }).click();
    await saved(page, 3);

    await typeAtEnd(page, "shared", " again");
    await server.call("PATCH", `scripts/${id}`, { source: "return 4\n" });
    await page.keyboard.press("Control+s");
    await page.getByRole("button", { name: "Load version 4" }).click();
    await expect(editorOf(page, "shared")).toContainText("return 4");
    await expect(page.getByText("not saved")).toBeHidden();
    expect(await page.evaluate(() => JSON.stringify(localStorage))).not.toContain("picloud.draft");
  });
});

test("a test run takes an event, and a stopped call is opened from its log line", async ({ page, app, server, check }) => {
  const id = await server.newScript(app, "boiler", 'if ctx.event then return ctx.event.value.celsius end\nhttp.get("http://10.1.2.3:8080/on", { timeout_ms = 50 })\n');
  await page.goto(`apps/${app}/scripts/${id}`);
  await page.getByLabel("Headers").fill("X-One: 1");
  await page.getByRole("button", { name: "Run version 1" }).click();
  await page.getByRole("button", { name: "Let this script call 10.1.2.3:8080" }).click();
  await expect(page.getByText("10.1.2.3:8080 is open for this script.")).toBeVisible();
  await check("script-test");
  await page.getByRole("radio", { name: "Event" }).check();
  await page.getByLabel("Kind").selectOption("kv");
  await page.getByLabel("Event", { exact: true }).last().press("Control+Enter");
  await expect(page.getByRole("region", { name: "Body of the response" })).toHaveText("21.5");
});

test("news stays out of the way on a small window, waits for who reads it, and goes by the keyboard", async ({ page, app, server }) => {
  await page.clock.install();
  await page.setViewportSize({ width: 360, height: 640 });
  const id = await server.newScript(app, "noisy", "return 0\n");
  await page.goto(`apps/${app}/scripts/${id}`);
  const news = page.locator(".toast").filter({ visible: true });
  for (let version = 2; version <= 5; version++) {
    await typeAtEnd(page, "noisy", "--");
    await page.keyboard.press("Control+s");
    await saved(page, version);
  }
  // One at a time, and the controls of the test panel are not behind it.
  await expect(page.locator(".toast")).toHaveCount(3);
  await expect(news).toHaveCount(1);
  await expect(news).toContainText("+2");
  const coveredBy = (control: Locator) =>
    control.evaluate((node) => {
      const { left, right, top, bottom } = node.getBoundingClientRect();
      const there = document.elementFromPoint((left + right) / 2, (top + bottom) / 2);
      return node.contains(there) ? "" : (there?.outerHTML ?? "nothing in sight").slice(0, 200);
    });
  const panel = page.getByRole("form", { name: "Test run" });
  for (const control of [panel.getByLabel("Path"), panel.getByLabel("Body"), panel.getByRole("button", { name: "Run version 5" })]) {
    await page.evaluate(() => scrollTo(0, 0));
    await control.focus();
    expect(await coveredBy(control)).toBe("");
  }
  await panel.getByRole("button", { name: "Run version 5" }).press("Enter");
  const log = page.getByRole("heading", { name: "Log", exact: true });
  await log.waitFor();
  await page.evaluate(() => scrollTo(0, document.documentElement.scrollHeight));
  expect(await coveredBy(log)).toBe("");
  await expect(page.locator(".toasts")).toHaveAttribute("role", "status");

  // Whoever points at it, or is in it with the keyboard, has all the time.
  await news.hover();
  await page.clock.fastForward(60_000);
  await expect(page.locator(".toast")).toHaveCount(3);
  await page.mouse.move(0, 0);
  await news.getByRole("button", { name: "Dismiss" }).focus();
  await page.clock.fastForward(60_000);
  await expect(page.locator(".toast")).toHaveCount(3);
  await page.keyboard.press("Enter");
  await expect(page.locator(".toast")).toHaveCount(2);
  await expect(news.getByRole("button", { name: "Dismiss" })).toBeFocused();
  await page.keyboard.press("Escape");
  await page.keyboard.press("Escape");
  await expect(page.locator(".toast")).toHaveCount(0);
  await expect(panel.getByRole("button", { name: "Run version 5" })).toBeFocused();

  // Esc closes it from anywhere, and time does when nobody is there.
  await typeAtEnd(page, "noisy", "--");
  await page.keyboard.press("Control+s");
  await saved(page, 6);
  await page.keyboard.press("Escape");
  await expect(news).toHaveCount(0);
  await typeAtEnd(page, "noisy", "--");
  await page.keyboard.press("Control+s");
  await saved(page, 7);
  await page.mouse.move(0, 0);
  await page.clock.fastForward(7_000);
  await expect(news).toHaveCount(0);
});
