// The pages beside the editor: routing, settings, executions, and what a viewer sees of all of them.
import { expect, nobody, signIn, test } from "./fixtures";
import { owner } from "./server";

test.describe("routing", () => {
  test.use({ expected: /status of (409|422)/ });

  test("the present tab is in sight on a phone", async ({ page, app, server }) => {
  const script = await server.newScript(app, "narrow", "return 1");
  await page.setViewportSize({ width: 360, height: 800 });
  await page.goto(`apps/${app}/scripts/${script}/executions`);
  await expect(page.getByRole("link", { name: "Executions", exact: true }).last()).toBeInViewport({ ratio: 0.95 });
  await expect(page.getByLabel("Outcome")).toBeHidden();
  await page.getByRole("button", { name: "Filter" }).click();
  await expect(page.getByLabel("Outcome")).toBeVisible();
});

test("a route is checked while it is typed, guarded, tried out, changed and deleted", async ({ page, app, server, check }) => {
    await server.call("PUT", `apps/${app}/secrets/SHARED`, { value: "sesame-sesame" });
    const id = await server.newScript(app, "first", "return ctx.request.params", { method: "GET", path: `/${app}/users/:id` });
    const other = await server.newScript(app, "second", "return 2", { method: "GET", path: `/${app}/taken` });
    await page.goto(`apps/${app}/scripts/${id}/routing`);
    const table = page.getByRole("table", { name: "Routes" });
    await expect(table.getByText(`${server.url}/${app}/users/:id`)).toBeVisible();

    await page.getByRole("button", { name: "New route" }).click();
    const dialog = page.getByRole("dialog", { name: "New route" });
    const path = dialog.getByLabel("Path", { exact: true });
    await expect(path).toBeFocused();
    await path.fill(`/${app}/taken`);
    await expect(dialog.getByText("This route and one of second would answer the same requests.")).toBeVisible();
    await check("route-conflict");
    await dialog.getByRole("button", { name: "Add route" }).click();
    await expect(dialog.getByRole("alert").first()).toContainText("Another route answers the same requests");
    await path.fill("/admin/x");
    await expect(dialog.getByText("belong to PiCloud itself")).toBeVisible();
    await path.fill(`/${app}/Hook/*`);
    await expect(dialog.getByText("prefix", { exact: true })).toBeVisible();
    await expect(dialog.getByText(`/${app}/Hook itself is not part of`)).toBeVisible();
    await dialog.getByLabel("Method").selectOption("POST");
    await dialog.getByText("Guards: who may call").click();
    await dialog.getByLabel("Sender").selectOption("token");
    await expect(dialog.getByText("verify.secret is the name of")).toBeVisible();
    await dialog.getByLabel("Secret").selectOption("SHARED");
    await dialog.getByLabel("Where the token stands").fill("query:key");
    await dialog.getByLabel("Calls per minute").fill("600");
    await expect(dialog.getByText("free", { exact: true })).toBeVisible();
    await check("route-guards");
    await dialog.getByRole("button", { name: "Add route" }).click();
    await expect(table.getByText("signed: token")).toBeVisible();
    expect((await fetch(`${server.url}/${app}/Hook/x`, { method: "POST" })).status).toBe(401);
    expect((await fetch(`${server.url}/${app}/Hook/x?key=sesame-sesame`, { method: "POST" })).status).toBe(200);

    const address = page.getByLabel("Address", { exact: true });
    await address.fill(`/${app}/users/a%20b`);
    await expect(page.getByText("this script", { exact: true })).toBeVisible();
    await expect(page.getByText("ctx.request.params.id")).toBeVisible();
    await check("script-routing");
    await address.fill(`${server.url}/${app}/taken`);
    await expect(page.getByText("another script", { exact: true })).toBeVisible();
    await address.fill(`/${app}/Hook/y`);
    await expect(page.getByText("The path answers POST only, so this gets 405.")).toBeVisible();

    await page.getByRole("button", { name: `Copy GET /${app}/users/:id as curl` }).click();
    await expect(page.getByRole("status").filter({ hasText: /Copied|Select the text/ }).first()).toBeAttached();
    await page.getByRole("button", { name: `More for POST /${app}/Hook/*` }).click();
    await page.getByRole("menuitem", { name: "Change" }).click();
    const change = page.getByRole("dialog", { name: "Change the route" });
    await change.getByLabel(/Answer at once/).check();
    await change.getByRole("button", { name: "Save route" }).click();
    await expect(table.getByText("async", { exact: true })).toBeVisible();
    await page.getByRole("button", { name: `More for POST /${app}/Hook/*` }).click();
    await page.getByRole("menuitem", { name: "Delete" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Delete route" }).click();
    await expect(table.getByText("Hook")).toBeHidden();
    expect((await server.call<{ items: unknown[] }>("GET", `scripts/${other}/routes`)).items).toHaveLength(1);
  });
});

test.describe("settings", () => {
  test.use({ expected: /status of (409|422)/ });

  test("a script's limits, devices and end", async ({ page, app, server, check }) => {
    const id = await server.newScript(app, "limited", "return 1", { method: "GET", path: `/${app}/limited` });
    await page.goto(`apps/${app}/scripts/${id}/settings`);
    await page.getByLabel("Description").fill("Does <b>one</b> thing");
    await page.getByText("Advanced limits").click();
    const memory = page.getByLabel("Memory in bytes");
    await expect(memory).toHaveAttribute("placeholder", "Default: 16,777,216 (16 MiB)");
    await memory.fill("999999999999");
    await page.getByRole("button", { name: "Save settings" }).click();
    await expect(page.getByText("limits.memory_bytes is over its ceiling of 268435456")).toBeVisible();
    await check("script-settings");
    await memory.fill("33554432");
    await page.getByRole("button", { name: "Save settings" }).click();
    await expect(page.getByText("The settings are saved.")).toBeVisible();
    expect(await server.call("GET", `scripts/${id}`)).toMatchObject({
      description: "Does <b>one</b> thing", limits: { memory_bytes: 33554432, instructions: null }, version: 2,
    });

    await page.getByLabel("Host").fill("8.8.8.8");
    await page.getByRole("button", { name: "Add", exact: true }).click();
    await expect(page.getByText("A grant opens addresses of the home network")).toBeVisible();
    await page.getByLabel("Host").fill("192.168.1.0/24");
    await page.getByLabel("Port").fill("8080");
    await page.getByRole("button", { name: "Add", exact: true }).click();
    await page.getByRole("button", { name: "Take away 192.168.1.0/24:8080" }).click();
    await expect(page.getByText("Nothing is listed.")).toBeVisible();

    await page.getByRole("switch", { name: "On" }).click();
    await expect(page.getByText("The script is off.")).toBeVisible();
    expect((await fetch(`${server.url}/${app}/limited`)).status).toBe(503);

    await page.getByRole("button", { name: "Delete…" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel(/Type limited/).fill("limited");
    await dialog.getByRole("button", { name: "Delete script" }).click();
    await expect(dialog.getByRole("alert")).toContainText(`GET /${app}/limited`);
    const [route] = (await server.call<{ items: { id: string }[] }>("GET", `scripts/${id}/routes`)).items;
    await server.call("DELETE", `routes/${route!.id}`);
    await dialog.getByRole("button", { name: "Delete script" }).click();
    await expect(page.getByRole("heading", { name: "No script yet" })).toBeVisible();
  });
});

test("executions are filtered in the address, opened, and followed live", async ({ page, app, server, check }) => {
  const id = await server.newScript(app, "worker", 'log.info("seen " .. (ctx.request.query.n or ""))\nif ctx.request.query.bad then error("spoiled") end\n', { method: "GET", path: `/${app}/work` });
  for (let n = 0; n < 53; n++) {
    await fetch(`${server.url}/${app}/work?n=${n}${n % 20 === 0 ? "&bad=1" : ""}`);
  }
  await page.goto(`apps/${app}/scripts/${id}/executions?status=error`);
  const list = page.getByRole("list", { name: "Executions" });
  await expect(list.getByRole("listitem")).toHaveCount(3);
  await page.getByLabel("Outcome").selectOption("");
  await page.getByLabel("Text", { exact: true }).fill("seen 4");
  await page.getByRole("button", { name: "Search" }).click();
  await expect(page).toHaveURL(/text=seen\+4/);
  await expect(list.getByRole("listitem")).toHaveCount(11);
  await page.reload();
  await expect(page.getByLabel("Text", { exact: true })).toHaveValue("seen 4");
  await page.getByRole("button", { name: "Clear" }).click();
  await expect(list.getByRole("listitem")).toHaveCount(50);
  await page.getByRole("button", { name: "Load more" }).click();
  await expect(list.getByRole("listitem")).toHaveCount(53);
  await list.getByRole("button", { name: /spoiled/ }).first().click();
  await expect(page.getByRole("link", { name: "Open the script at line 2" })).toBeVisible();
  await expect(page.getByText('2  if ctx.request.query.bad then error("spoiled") end')).toBeVisible();
  await check("script-executions-open", page.getByRole("link", { name: "Open the script at line 2" }));

  await page.getByRole("button", { name: "Live" }).click();
  await expect(page.getByText("live", { exact: true })).toBeVisible();
  await fetch(`${server.url}/${app}/work?n=alive`);
  await expect(list.getByRole("listitem").first()).toContainText("seen alive");
  await page.getByRole("button", { name: "Pause" }).click();
  await expect(page).not.toHaveURL(/live/);
  await page.goto(`apps/${app}/executions?status=error`);
  await expect(list.getByRole("button", { name: /worker.*spoiled/ })).toHaveCount(3);
  await check("executions");
  await list.getByRole("button", { name: /worker.*spoiled/ }).first().click();
  await page.getByRole("link", { name: "Open the script at line 2" }).click();
  await expect(page.getByRole("textbox", { name: "Source of worker" })).toBeFocused();
});

test.describe("a viewer", () => {
  test.use({ storageState: nobody });

  test("reads a script and changes nothing", async ({ page, context, app, server, check }) => {
    const id = await server.newScript(app, "readable", "return 1\n", { method: "GET", path: `/${app}/readable` });
    await server.call("PATCH", `scripts/${id}`, { source: "return 2\n" });
    const username = `viewer-${app}`;
    await server.newMember(username, app, "viewer");
    await signIn(context.request, server.url, { username, password: owner.password });
    await page.goto(`apps/${app}/scripts`);
    await expect(page.getByRole("link", { name: "readable" })).toBeVisible();
    await expect(page.getByRole("button", { name: "New script" })).toBeHidden();
    await page.getByRole("link", { name: "readable" }).click();
    const editor = page.getByRole("textbox", { name: "Source of readable" });
    await editor.click();
    await page.keyboard.type("xyz");
    await expect(editor).toHaveText(/^return 2/);
    await expect(page.getByRole("button", { name: /Save|Format|Run/ })).toHaveCount(0);
    await check("script-viewer");
    await page.getByRole("link", { name: "Versions" }).click();
    await page.getByRole("link", { name: "version 1" }).click();
    await expect(page.getByRole("button", { name: /Go back/ })).toBeHidden();
    await page.getByRole("link", { name: "Routing" }).click();
    await expect(page.getByText(`/${app}/readable`).first()).toBeVisible();
    await expect(page.getByRole("button", { name: /New route|More for/ })).toHaveCount(0);
    await page.getByRole("link", { name: "Settings", exact: true }).last().click();
    await expect(page.getByLabel("Name", { exact: true })).toBeDisabled();
    await expect(page.getByText("App admins see and change this list.")).toBeVisible();
    await expect(page.getByRole("button", { name: /Delete/ })).toHaveCount(0);
  });
});

test.describe("a stream that breaks off", () => {
  test.use({ expected: /ERR_FAILED/ });

  test("is taken up where it was, and tells of what it missed", async ({ page, app, server }) => {
    const id = await server.newScript(app, "stream", "return 1", { method: "GET", path: `/${app}/stream` });
    const asked: URL[] = [];
    await page.route("**/logs/stream*", async (route) => {
      asked.push(new URL(route.request().url()));
      if (asked.length === 1) {
        const place = "01a21837-6fdc-7001-bd3b-f1c5f1182ace";
        const body = `id: ${place}\nevent: ready\ndata: {}\n\nevent: dropped\ndata: {"count":7}\n\n`;
        await route.fulfill({ contentType: "text/event-stream", body });
      } else if (asked.length === 2) {
        await route.abort();
      } else {
        await route.continue();
      }
    });
    await page.goto(`apps/${app}/scripts/${id}/executions?live=1`);
    await expect(page.getByText("Missed 7:")).toBeVisible();
    await expect(page.getByText("reconnecting", { exact: true })).toBeVisible();
    await expect(page.getByText("live", { exact: true })).toBeVisible();
    expect(asked[2]?.searchParams.get("after")).toBe("01a21837-6fdc-7001-bd3b-f1c5f1182ace");
    await fetch(`${server.url}/${app}/stream`);
    await expect(page.getByRole("list", { name: "Executions" }).getByRole("listitem")).toHaveCount(1);
  });
});
