// Whatever is stored is shown as it was typed, and never run.
import type { Page } from "@playwright/test";
import { expect, test } from "./fixtures";
import type { Server } from "./server";

const payloads = [
  `<script>window.hacked=1</script>`,
  `<img src=x onerror="window.hacked=1">`,
  `<svg onload="window.hacked=1">`,
  `<svg><script>window.hacked=1</script></svg>`,
  `<iframe srcdoc="<script>parent.hacked=1</script>"></iframe>`,
  `<iframe src="javascript:parent.hacked=1"></iframe>`,
  `<a href="javascript:window.hacked=1">x</a>`,
  `<body onload="window.hacked=1">`,
  `<input autofocus onfocus="window.hacked=1">`,
  `<details open ontoggle="window.hacked=1">x</details>`,
  `<video><source onerror="window.hacked=1"></video>`,
  `<audio src=x onerror="window.hacked=1">`,
  `<object data="javascript:window.hacked=1"></object>`,
  `<embed src="javascript:window.hacked=1">`,
  `<math><mi xlink:href="javascript:window.hacked=1">x</mi></math>`,
  `<style>@import 'javascript:window.hacked=1';</style>`,
  `<link rel=stylesheet href="javascript:window.hacked=1">`,
  `<meta http-equiv=refresh content="0;url=javascript:window.hacked=1">`,
  `<base href="http://evil.test/">`,
  `<form action="javascript:window.hacked=1"><button>x</button></form>`,
  `<template><script>window.hacked=1</script></template>`,
  `<noscript><p title="</noscript><img src=x onerror=window.hacked=1>">`,
  `"><script>window.hacked=1</script>`,
  `'><script>window.hacked=1</script>`,
  `" onmouseover="window.hacked=1`,
  `' onmouseover='window.hacked=1`,
  `" autofocus onfocus="window.hacked=1" x="`,
  `</title><script>window.hacked=1</script>`,
  `</textarea><script>window.hacked=1</script>`,
  `</style><script>window.hacked=1</script>`,
  `</script><script>window.hacked=1</script>`,
  `--><script>window.hacked=1</script>`,
  `]]><script>window.hacked=1</script>`,
  `javascript:window.hacked=1`,
  `JaVaScRiPt:window.hacked=1`,
  `data:text/html,<script>parent.hacked=1</script>`,
  `vbscript:window.hacked=1`,
  `{{constructor.constructor('window.hacked=1')()}}`,
  "${window.hacked=1}",
  "`-window.hacked-`",
  `{@html "<img src=x onerror=window.hacked=1>"}`,
  `{#if true}x{/if}`,
  `{window.hacked=1}`,
  `<%= window.hacked=1 %>`,
  `#{window.hacked=1}`,
  `[[${"${window.hacked=1}"}]]`,
  `'-window.hacked-'`,
  `";window.hacked=1;//`,
  `\\";window.hacked=1;//`,
  `&lt;script&gt;window.hacked=1&lt;/script&gt;`,
  `&#60;script&#62;window.hacked=1&#60;/script&#62;`,
  `%3Cscript%3Ewindow.hacked=1%3C/script%3E`,
  `\\u003cscript\\u003ewindow.hacked=1\\u003c/script\\u003e`,
  `<scr<script>ipt>window.hacked=1</scr</script>ipt>`,
  `<ScRiPt>window.hacked=1</sCrIpT>`,
  `<script/src=data:,window.hacked=1></script>`,
  `<img/src="x"/onerror=window.hacked=1>`,
  `<img src="x" \`onerror=window.hacked=1\`>`,
  `<marquee onstart="window.hacked=1">x</marquee>`,
  `<svg><animate onbegin="window.hacked=1" attributeName=x dur=1s>`,
  `<svg><a xlink:href="javascript:window.hacked=1"><text y=1em>x</text></a></svg>`,
  `\u202e<script>window.hacked=1</script>`,
  `<<script>window.hacked=1//<</script>`,
];

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
  const odd = [0, 1, 23, 41].map((i) => payloads[i]!);
  for (const [i, username] of odd.entries()) {
    await server.call("POST", "admins", { username: `${username}${app}`, password: "correct horse battery", role: "member" });
    await server.call("PUT", `apps/${app}/members/${encodeURIComponent(`${username}${app}`)}`, { role: i % 2 ? "editor" : "viewer" });
    await server.call("POST", "api-keys", { name: `${username}${app}`, scopes: ["script:read"] });
  }
  for (const place of ["users", `apps/${app}/members`, "account"]) {
    await page.goto(place);
    for (const text of odd) {
      await expect(page.getByRole("rowheader", { name: `${text}${app}`, exact: true })).toBeVisible();
    }
  }
  await page.goto(`settings?q=${encodeURIComponent(payloads[1]!)}`);
  await expect(page.getByLabel("Search")).toHaveValue(payloads[1]!);
  expect(await page.evaluate(() => (window as { hacked?: unknown }).hacked)).toBeUndefined();
});

/** What a page shows: its text, also in shadow roots and fields; the marks of its own icons and words are in it too. */
async function shown(page: Page): Promise<string> {
  return page.evaluate(() => {
    const parts: string[] = [document.title];
    const visit = (root: Node) => {
      for (const node of root.childNodes) {
        if (node instanceof Text) parts.push(node.data);
        if (node instanceof HTMLInputElement || node instanceof HTMLTextAreaElement) parts.push(node.value);
        if (node instanceof Element && node.shadowRoot) visit(node.shadowRoot);
        visit(node);
      }
    };
    visit(document.body);
    return parts.join("\n");
  });
}

/** Fails when one of the payloads is not on the page as it was typed, or has become an element. */
async function expectAsTyped(page: Page, where: string, wanted: string[], asShown = (text: string) => text) {
  await expect(async () => {
    const all = await shown(page);
    expect(wanted.filter((text) => !all.includes(asShown(text))), where).toEqual([]);
  }).toPass({ timeout: 20_000 });
  const made = await page.evaluate(
    () => document.querySelectorAll("main script, main iframe, main object, main embed, main img, main base, main link, main style, main marquee, main x, main b, main [onerror], main [onclick]").length,
  );
  expect(made, where).toBe(0);
  expect(await page.evaluate(() => (window as { hacked?: unknown }).hacked), where).toBeUndefined();
}

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

/** Turns the pages of a list until there is no other. */
async function showAll(page: Page) {
  await page.waitForLoadState("networkidle");
  const more = page.getByRole("button", { name: "Load more" });
  while (await more.isVisible()) {
    await more.click();
    await page.waitForLoadState("networkidle");
  }
}
