// The rest of what is stored: names and addresses with a grammar of their own, and every part of a request. What a
// grammar does not admit is taken out of the payload or escaped; the rest is shown as the API has it.
import { readdirSync, readFileSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { expectAsTyped, payloads, showAll } from "./astyped";
import { expect, test } from "./fixtures";
import type { Server } from "./server";

/** A script's name: letters, digits, dots, hyphens and underscores. */
const asName = (text: string, i: number) => `${text.replace(/[^A-Za-z0-9._-]+/g, "_")}.${i}`;

/** A route's path: no ?, #, braces, stars, colons, or escapes that are none. */
const asPath = (text: string) => text.replace(/[?#{}*:%]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);

/** A topic: + and # are wildcards. */
const asTopic = (text: string) => text.replace(/[+#]/g, "_");

/** What may stand in the first line of a request without an escape. */
const asTarget = (text: string) => text.replace(/[\s#%?]|[^\x21-\x7e]/g, encodeURIComponent);

/** Sends a request as a rude client does, with nothing escaped that need not be. */
function send(url: string, target: string, method: string, headers: Record<string, string>): Promise<void> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    request({ hostname, port, path: target, method, headers }, (answer) => answer.resume().on("end", resolve)).on("error", reject).end();
  });
}

interface Items {
  items: { id: string; event?: { topic: string } }[];
}

test("names, addresses and topics are shown as typed", async ({ page, app, server }) => {
  test.setTimeout(180_000);
  const at = `apps/${app}`;
  const id = await server.newScript(app, "handler", 'error(ctx.event.payload)');
  const guard = (text: string) => ({ provider: "hmac", secret: "KEY", header: "X-Sign", prefix: text.slice(0, 32) });
  await server.call("PUT", `${at}/secrets/KEY`, { value: "sesame-sesame" });
  const retry = { max_attempts: 2, base_ms: 3_600_000, max_ms: 3_600_000 };
  await server.call("POST", `${at}/triggers/topic`, { script_id: id, name: "late", topic: { filter: "late/#" }, retry });
  await server.call("POST", `${at}/triggers/topic`, { script_id: id, name: "lost", topic: { filter: "lost/#" }, retry: { max_attempts: 1 } });
  const publish = await server.newScript(app, "publish", 'topics.publish(ctx.request.headers["x-topic"] and base64.decode(ctx.request.headers["x-topic"]), ctx.request.body)', { method: "POST", path: `/${app}/publish` });
  for (const [i, text] of payloads.entries()) {
    await server.call("POST", `${at}/scripts`, { name: asName(text, i), source: "return 1" });
    await server.call("POST", `scripts/${id}/routes`, { method: "GET", path: `/${app}/${i}/${asPath(text)}` });
    await server.call("POST", `${at}/triggers/topic`, { script_id: publish, name: `t${i}`, topic: { filter: `never/${asTopic(text)}` } });
    await server.call("POST", `${at}/triggers/kv`, { script_id: publish, name: `k${i}`, kv: { collection: "none", key_prefix: text } });
    await server.call("POST", `${at}/docs/typed`, { id: text, data: {} });
    for (const branch of ["late", "lost"]) {
      const topic = Buffer.from(`${branch}/${asTopic(text)}`).toString("base64");
      await fetch(`${server.url}/${app}/publish`, { method: "POST", body: text, headers: { "X-Topic": topic } });
    }
  }

  await page.goto(`${at}/scripts`);
  await expectAsTyped(page, "names of scripts", payloads.map(asName));
  await page.goto(`${at}/scripts/${id}/routing`);
  await expectAsTyped(page, "paths of routes", payloads.map((text, i) => `/${app}/${i}/${asPath(text)}`));
  await page.goto(`${at}/triggers`);
  await expectAsTyped(page, "filters of topics and prefixes of keys", [...payloads.map((text) => `never/${asTopic(text)}`), ...payloads.map((text) => `keys that begin with ${text}`)]);
  await page.goto(`${at}/data/docs/typed`);
  await showAll(page);
  await expectAsTyped(page, "ids of documents", payloads);
  await page.goto(`${at}/dead-letters/waiting`);
  await showAll(page);
  await expectAsTyped(page, "what waits, and why", [...payloads, ...payloads.map((text) => `late/${asTopic(text)}`)]);
  await page.goto(`${at}/dead-letters`);
  await showAll(page);
  await expectAsTyped(page, "topics of dead letters", payloads.map((text) => `lost/${asTopic(text)}`));

  // A guard's fields and a note have a page each; those of three payloads.
  const { items: letters } = await server.call<Items>("GET", `${at}/dead-letters?limit=100`);
  for (const i of [0, 1, 23]) {
    const text = payloads[i]!;
    const path = `/${app}/guarded/${i}`;
    await server.call("POST", `scripts/${id}/routes`, { method: "POST", path, verify: guard(text) });
    await page.goto(`${at}/scripts/${id}/routing`);
    await page.getByRole("button", { name: `More for POST ${path}` }).click();
    await page.getByRole("menuitem", { name: "Change" }).click();
    await expectAsTyped(page, "the fields of a guard", [text.slice(0, 32)]);
    const letter = letters.find(({ event }) => event?.topic === `lost/${asTopic(text)}`)!;
    await server.call("POST", `dead-letters/${letter.id}/resolve`, { note: text });
    await page.goto(`${at}/dead-letters/${letter.id}`);
    await expectAsTyped(page, "a note", [text, `Note: ${text}`]);
  }
});

interface Records {
  items: { request: { method: string; path: string; query: string; headers: { name: string; value: string }[] }; response: { headers: { name: string; value: string }[] } }[];
  next_cursor: string | null;
}

/** All records of a script, the newest first. */
async function records(server: Server, script: string): Promise<Records["items"]> {
  const first = await server.call<Records>("GET", `scripts/${script}/logs?limit=100`);
  return first.items;
}

test("each part of a recorded request and its answer is shown as it came", async ({ page, app, server }) => {
  test.setTimeout(180_000);
  const source = 'local typed = ctx.request.headers["x-typed"]\nreturn { statusCode = 200, headers = { ["X-Back"] = typed }, body = "" }';
  const id = await server.newScript(app, "mirror", source, { method: "ANY", path: `/${app}/mirror/*` });
  for (const text of payloads) {
    const headers = { "X-Typed": Buffer.from(text).toString("latin1"), "X-`'!#$%&*+^_|~": "odd name" };
    await send(server.url, `/${app}/mirror/${asTarget(text)}?${asTarget(text)}=${asTarget(text)}`, "POST", headers);
  }
  await expect.poll(async () => (await records(server, id)).length).toBe(payloads.length);
  const all = await records(server, id);
  await page.goto(`apps/${app}/scripts/${id}/executions`);
  await showAll(page);
  const rows = page.getByRole("list", { name: "Executions" }).locator("> li > button");
  await expect(rows).toHaveCount(payloads.length);
  const shown = await rows.evaluateAll(async (buttons) => {
    const seen: string[] = [];
    for (const button of buttons as HTMLElement[]) {
      button.click();
      await new Promise(requestAnimationFrame);
      seen.push(button.parentElement!.textContent!);
    }
    return seen;
  });
  for (const [i, { request: sent, response }] of all.entries()) {
    const text = payloads[payloads.length - 1 - i]!;
    const parts = [`${sent.method} ${sent.path}?${sent.query}`, ...[...sent.headers, ...response.headers].flatMap(({ name, value }) => [name, value])];
    expect(parts.filter((part) => part === text), "the header came whole, and went back").toHaveLength(2);
    expect(parts.filter((part) => !shown[i]!.includes(part)), `the record of ${text}`).toEqual([]);
  }
  await expectAsTyped(page, "the last record", [payloads[0]!]);
});

test("no code of the page makes markup of text", () => {
  const src = join(import.meta.dirname, "..", "src");
  const files = readdirSync(src, { recursive: true, encoding: "utf8" }).filter((name) => /\.(svelte|ts)$/.test(name) && !name.endsWith(".d.ts"));
  expect(files.length).toBeGreaterThan(100);
  const makesMarkup = /\{@html|innerHTML|outerHTML\s*=|insertAdjacentHTML|document\.write|srcdoc|createContextualFragment|\beval\(|new Function/;
  expect(files.filter((name) => makesMarkup.test(readFileSync(join(src, name), "utf8")))).toEqual([]);
});
