// Text that would do something if a page took it for markup or code, and what it means that it was shown as typed.
import { expect, type Page } from "@playwright/test";

export const payloads = [
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
export async function expectAsTyped(page: Page, where: string, wanted: string[], asShown = (text: string) => text) {
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

/** Turns the pages of a list until there is no other. */
export async function showAll(page: Page) {
  await page.waitForLoadState("networkidle");
  const more = page.getByRole("button", { name: "Load more" });
  while (await more.isVisible()) {
    await more.click();
    await page.waitForLoadState("networkidle");
  }
}
