// Whatever is stored is shown as it was typed, and never run.
import { expect, test } from "./fixtures";

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
