// What people and devices put into PiCloud is shown as it was typed, whatever it looks like to a browser.
import type { Page } from "@playwright/test";
import { expect, test } from "./fixtures";
import type { Server } from "./server";

/** Sixty texts that a page which takes text for markup, code or an address would act upon. */
const texts = [
  "<script>hit(1)</script>", "<SCRIPT SRC=//x.invalid/a.js></SCRIPT>", "<scr<script>ipt>hit(2)</scr</script>ipt>", "</script><script>hit(3)</script>",
  "</textarea><script>hit(4)</script>", "</title><script>hit(5)</script>", "</style><img src=x onerror=hit(6)>", "--><img src=x onerror=hit(7)>",
  "<img src=x onerror=hit(8)>", '"><img src=x onerror=hit(9)>', "'><img src=x onerror=hit(10)>", "<img/src='x'/onerror='hit(11)'>",
  "<img src onerror=hit(12) //", "<svg onload=hit(13)>", "<svg><script>hit(14)</script></svg>", "<svg><animate onbegin=hit(15) attributeName=x dur=1s>",
  '<math><mi xlink:href="data:x,<script>hit(16)</script>">', "<body onload=hit(17)>", "<iframe src=javascript:hit(18)></iframe>", '<iframe srcdoc="<script>parent.hit(19)</script>">',
  "<object data=javascript:hit(20)>", "<embed src=javascript:hit(21)>", "<a href=javascript:hit(22)>a</a>", "<form action=javascript:hit(23)><button>b",
  "<input autofocus onfocus=hit(24)>", "<select autofocus onfocus=hit(25)>", "<details open ontoggle=hit(26)>", "<video src=x onerror=hit(27)>",
  "<audio src=x onerror=hit(28)>", "<marquee onstart=hit(29)>m", "<style>@import '//x.invalid/a.css'</style>", "<link rel=stylesheet href=//x.invalid/a.css>",
  "<base href=//x.invalid/>", "<meta http-equiv=refresh content=0;url=javascript:hit(30)>", "<div style=background:url(//x.invalid/a)>", "<x onclick=hit(31)>click</x>",
  "<template><script>hit(32)</script></template>", "<noscript><p title='</noscript><img src=x onerror=hit(33)>'>", "<b>bold</b> & <i>italic</i>", "&lt;script&gt;hit(34)&lt;/script&gt;",
  "&#60;img src=x onerror=hit(35)&#62;", "%3Cscript%3Ehit(36)%3C/script%3E", "\\u003cscript\\u003ehit(37)\\u003c/script\\u003e", "javascript:hit(38)",
  "data:text/html,<script>hit(39)</script>", "{{constructor.constructor('hit(40)')()}}", "${hit(41)}", "#{hit(42)}",
  "{@html '<img src=x onerror=hit(43)>'}", "{hit(44)}", "<%= hit(45) %>", "[click](javascript:hit(46))",
  "'; hit(47); //", '"; hit(48); //', "`; hit(49); //", "');hit(50);('",
  "\u202ereversed <script>hit(51)</script>", "<ſcript>hit(52)</ſcript>", "＜script＞hit(53)＜/script＞", "<a href=\"https://x.invalid\" target=_blank>Ünïcödé 🐚 hit(54)</a>",
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

/** Fails when one of the texts is not on the page as it was typed, or has become an element. */
async function expectAsTyped(page: Page, where: string, wanted: string[], asShown = (text: string) => text) {
  await expect(async () => {
    const all = await shown(page);
    expect(wanted.filter((text) => !all.includes(asShown(text))), where).toEqual([]);
  }).toPass({ timeout: 20_000 });
  const made = await page.evaluate(
    () => document.querySelectorAll("main script, main iframe, main object, main embed, main img, main base, main link, main style, main marquee, main x, main b, main [onerror], main [onclick]").length,
  );
  expect(made, where).toBe(0);
}

/** Puts each text wherever a person, a script or a device can put text, and leaves out what a rule of the API refuses. */
async function store(server: Server, app: string) {
  const at = `apps/${app}`;
  const source = [
    "local s = ctx.request.query.s", "log.warn(s, { [s] = s })", "if ctx.request.query.bad then error(s) end",
    'return { statusCode = 200, headers = { ["X-Echo"] = base64.encode(s), ["Content-Type"] = "text/html" }, body = s }',
  ].join("\n");
  const echo = await server.newScript(app, "echo", source, { method: "POST", path: `/${app}/echo` });
  const failing = await server.newScript(app, "failing", 'error(ctx.event and ctx.event.payload or "none")');
  await server.call("POST", `${at}/triggers/topic`, { script_id: failing, name: texts[0], topic: { filter: "typed" }, retry: { max_attempts: 1 } });
  const publish = await server.newScript(app, "publish", 'topics.publish("typed", ctx.request.body)', { method: "POST", path: `/${app}/publish` });
  for (const [i, text] of texts.entries()) {
    const s = encodeURIComponent(text);
    await server.call("POST", `${at}/scripts`, { name: `s${i}`, source: `return ${JSON.stringify(i)}`, description: text });
    await fetch(`${server.url}/${app}/echo?s=${s}${i % 2 ? "&bad=1" : ""}`, { method: "POST", body: text, headers: { "X-Typed": s } });
    await fetch(`${server.url}/${app}/publish`, { method: "POST", body: text });
    await server.call("PUT", `${at}/kv/typed/${s.replaceAll(".", "%2E")}`, { value: { [text]: text } });
    await server.call("POST", `${at}/docs/typed`, { data: { [`k${i}`]: text } });
    await server.call("POST", `${at}/triggers/topic`, { script_id: publish, name: `${i} ${text}`, enabled: false, topic: { filter: `never/${i}` } });
    await server.call("POST", "apps", { slug: `${app}-${i}`, name: text, description: text });
  }
  return { echo };
}

test("sixty texts in every field are shown as typed", async ({ page, app, server }) => {
  test.setTimeout(180_000);
  let hits = 0;
  await page.exposeFunction("hit", () => hits++);
  page.on("dialog", () => hits++);
  expect(new Set(texts).size).toBe(60);
  const { echo } = await store(server, app);

  await page.goto("apps");
  await expectAsTyped(page, "names and descriptions of apps", texts);
  await page.goto(`apps/${app}/scripts`);
  await expectAsTyped(page, "descriptions of scripts", texts);
  await page.goto(`apps/${app}/triggers`);
  await expectAsTyped(page, "names of triggers", texts);
  await page.goto(`apps/${app}/data/kv/typed`);
  await showAll(page);
  await expectAsTyped(page, "keys", texts);
  await page.goto(`apps/${app}/data/docs/typed`);
  await showAll(page);
  await expectAsTyped(page, "documents", texts, (text) => JSON.stringify(text).slice(1, -1));

  await page.goto(`apps/${app}/scripts/${echo}/executions`);
  await showAll(page);
  await expectAsTyped(page, "log lines and errors in the list", texts);
  const rows = page.getByRole("list", { name: "Executions" }).locator("> li > button");
  await expect(rows).toHaveCount(60);
  // Opened one after the other in the page itself: sixty clicks from outside take a minute.
  const records = await rows.evaluateAll(async (all) => {
    const seen: string[] = [];
    for (const row of all as HTMLElement[]) {
      row.click();
      await new Promise(requestAnimationFrame);
      seen.push(row.parentElement!.textContent!);
    }
    return seen;
  });
  for (const [i, text] of texts.entries()) {
    const record = records[59 - i]!;
    const times = record.split(text).length - 1;
    expect(times, `${record} has ${text} as request, response or error, and log`).toBeGreaterThanOrEqual(3);
    expect(record, "data of a log line").toContain(`${JSON.stringify(text)}: ${JSON.stringify(text)}`);
  }
  await expectAsTyped(page, "a record", [texts[0]!]);

  await page.goto(`apps/${app}/dead-letters`);
  await showAll(page);
  await expectAsTyped(page, "errors of dead letters", texts);

  const id = await server.newScript(app, "source", texts.map((text) => `--[=[ ${text} ]=]`).join("\n"));
  await page.goto(`apps/${app}/scripts/${id}/versions`);
  await expectAsTyped(page, "a source", [texts[0]!, texts[8]!]);
  expect(hits).toBe(0);
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
