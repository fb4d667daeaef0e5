// Whatever is stored is shown as it was typed, and never run.
import { expectAsTyped, payloads, showAll } from "./astyped";
import { expect, test } from "./fixtures";
import type { Server } from "./server";


test("names and descriptions are shown as typed, in lists, menus, dialogs and titles", async ({ page, server }) => {
  expect(payloads.length).toBeGreaterThanOrEqual(60);
  const slugs = payloads.map((_, i) => `odd-${i}-${Date.now()}`);
  for (const [i, text] of payloads.entries()) {
    await server.call("POST", "apps", { slug: slugs[i], name: text, description: text });
  }
  const clean = () => page.evaluate(() => [(window as { hacked?: unknown }).hacked, document.querySelectorAll("main img, main iframe, main script").length]);

  await page.goto("apps");
  const table = page.getByRole("table", { name: "Apps" });
  for (const [i, text] of payloads.entries()) {
    const row = table.getByRole("row").filter({ hasText: slugs[i] });
    await expect(row.getByRole("link")).toHaveText(text, { useInnerText: true });
    await expect(row.locator(".description")).toHaveText(text, { useInnerText: true });
  }
  await page.getByRole("button", { name: "App:" }).click();
  await expect(page.getByRole("menuitemradio", { name: payloads[0]!, exact: true })).toBeVisible();
  expect(await clean()).toEqual([undefined, 0]);

  await page.goto("audit?action=create_app");
  await expect(page.getByText(slugs.at(-1)!)).toBeVisible();
  for (const i of [0, 1, 4, 23, 27]) {
    await page.goto(`apps/${slugs[i]}/settings`);
    await expect(page).toHaveTitle(`Settings · ${payloads[i]} · PiCloud`);
    await expect(page.getByLabel("Name", { exact: true })).toHaveValue(payloads[i]!);
    await page.getByRole("button", { name: "Delete app" }).click();
    await expect(page.getByRole("dialog", { name: `Delete ${payloads[i]}?` })).toBeVisible();
    expect(await clean()).toEqual([undefined, 0]);
  }
  await Promise.all(slugs.map((slug) => server.call("DELETE", `apps/${slug}`)));
});

test("names of people and keys, and values of filters, are shown as typed", async ({ page, server, app }) => {
  test.setTimeout(180_000);
  const names = payloads.map((text) => `${text}${app}`);
  for (const [i, name] of names.entries()) {
    await server.call("POST", "admins", { username: name, password: "correct horse battery", role: "member" });
    await server.call("PUT", `apps/${app}/members/${encodeURIComponent(name).replaceAll(".", "%2E")}`, { role: i % 2 ? "editor" : "viewer" });
    await server.call("POST", "api-keys", { name, scopes: ["script:read"] });
  }
  for (const place of ["users", `apps/${app}/members`, "account", "audit?action=create_user"]) {
    await page.goto(place);
    await showAll(page);
    await expectAsTyped(page, place, names);
  }
  await page.goto(`settings?q=${encodeURIComponent(payloads[1]!)}`);
  await expect(page.getByLabel("Search")).toHaveValue(payloads[1]!);
  // What an address names and nothing bears that name.
  for (const text of [payloads[0]!, payloads[1]!, payloads[23]!]) {
    const part = encodeURIComponent(text);
    for (const place of [`apps/${part}/scripts`, `apps/${app}/templates/${part}`, `apps/${app}/data/kv/none?prefix=${part}`, `apps/${app}/data/docs/none?where=${part}`]) {
      await page.goto(place);
      await expectAsTyped(page, place, [text]);
    }
  }
});

/** Puts each payload wherever a person, a script or a device can put text. */
async function store(server: Server, app: string) {
  const at = `apps/${app}`;
  const source = [
    "local s = ctx.request.query.s", "log.warn(s, { [s] = s })", "if ctx.request.query.bad then error(s) end",
    'return { statusCode = 200, headers = { ["X-Echo"] = base64.encode(s), ["Content-Type"] = "text/html" }, body = s }',
  ].join("\n");
  const echo = await server.newScript(app, "echo", source, { method: "POST", path: `/${app}/echo` });
  const failing = await server.newScript(app, "failing", 'error(ctx.event and ctx.event.payload or "none")');
  await server.call("POST", `${at}/triggers/topic`, { script_id: failing, name: payloads[0], topic: { filter: "typed" }, retry: { max_attempts: 1 } });
  const publish = await server.newScript(app, "publish", 'topics.publish("typed", ctx.request.body)', { method: "POST", path: `/${app}/publish` });
  for (const [i, text] of payloads.entries()) {
    const s = encodeURIComponent(text);
    await server.call("POST", `${at}/scripts`, { name: `s${i}`, source: `return ${JSON.stringify(i)}`, description: text });
    await fetch(`${server.url}/${app}/echo?s=${s}${i % 2 ? "&bad=1" : ""}`, { method: "POST", body: text, headers: { "X-Typed": s } });
    await fetch(`${server.url}/${app}/publish`, { method: "POST", body: text });
    await server.call("PUT", `${at}/kv/typed/${s.replaceAll(".", "%2E")}`, { value: { [text]: text } });
    await server.call("POST", `${at}/docs/typed`, { data: { [`k${i}`]: text } });
    await server.call("POST", `${at}/triggers/topic`, { script_id: publish, name: `${i} ${text}`, enabled: false, topic: { filter: `never/${i}` } });
  }
  return { echo };
}

test("what scripts log and answer, devices send and data holds is shown as typed", async ({ page, app, server }) => {
  test.setTimeout(180_000);
  const { echo } = await store(server, app);

  await page.goto(`apps/${app}/scripts`);
  await expectAsTyped(page, "descriptions of scripts", payloads);
  await page.goto(`apps/${app}/triggers`);
  await expectAsTyped(page, "names of triggers", payloads);
  await page.goto(`apps/${app}/data/kv/typed`);
  await showAll(page);
  await expectAsTyped(page, "keys", payloads);
  await page.goto(`apps/${app}/data/docs/typed`);
  await showAll(page);
  await expectAsTyped(page, "documents", payloads, (text) => JSON.stringify(text).slice(1, -1));

  await page.goto(`apps/${app}/scripts/${echo}/executions`);
  await showAll(page);
  await expectAsTyped(page, "log lines and errors in the list", payloads);
  const rows = page.getByRole("list", { name: "Executions" }).locator("> li > button");
  await expect(rows).toHaveCount(payloads.length);
  // Opened one after the other in the page itself: clicks from outside take a minute.
  const records = await rows.evaluateAll(async (all) => {
    const seen: string[] = [];
    for (const row of all as HTMLElement[]) {
      row.click();
      await new Promise(requestAnimationFrame);
      seen.push(row.parentElement!.textContent!);
    }
    return seen;
  });
  for (const [i, text] of payloads.entries()) {
    const record = records[payloads.length - 1 - i]!;
    const times = record.split(text).length - 1;
    expect(times, `${record} has ${text} as request, response or error, and log`).toBeGreaterThanOrEqual(3);
    expect(record, "data of a log line").toContain(`${JSON.stringify(text)}: ${JSON.stringify(text)}`);
  }
  await expectAsTyped(page, "a record", [payloads[0]!]);

  await page.goto(`apps/${app}/dead-letters`);
  await showAll(page);
  await expectAsTyped(page, "errors of dead letters", payloads);

  const id = await server.newScript(app, "source", payloads.map((text) => `--[=[ ${text} ]=]`).join("\n"));
  await page.goto(`apps/${app}/scripts/${id}/versions`);
  await expectAsTyped(page, "a source", [payloads[0]!, payloads[8]!]);
});
