import type { Page } from "@playwright/test";
import { expect, test } from "./fixtures";
import type { Server } from "./server";

interface Call {
  operationId: string;
}

/** Every call of the server's own document, as "METHOD path". */
async function callsOf(server: Server): Promise<{ id: string; name: string }[]> {
  const { paths } = (await (await fetch(`${server.url}/api/v1/openapi.json`)).json()) as { paths: Record<string, Record<string, Call>> };
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { operationId }]) => ({ id: operationId, name: `${method.toUpperCase()} ${path}` })),
  );
}

const entries = (page: Page) => page.locator("main details:has(> summary code)");

test("the reference shows every call of the API, folded", async ({ page, server, check }) => {
  const calls = await callsOf(server);
  await page.goto("apps");
  await page.getByRole("link", { name: "HTTP API" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "HTTP API" })).toBeFocused();
  await expect(page.getByText(`${calls.length} of ${calls.length} calls`)).toBeVisible();
  const heads = await entries(page).locator("> summary .call").evaluateAll((list) => list.map((head) => [...head.children].slice(0, 2).map((part) => part.textContent).join(" ")));
  expect(heads.sort()).toEqual(calls.map(({ name }) => name).sort());
  await expect(page.getByText("curl")).toHaveCount(0);
  await check("reference-http");
});

test("a call tells what it takes and gives, and has an address of its own", async ({ page, server, check, context }) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await page.goto("reference/http?q=trigger+post");
  const entry = entries(page).filter({ hasText: "Create a trigger" });
  await expect(page.getByText(/^[2-9] of \d+ calls$/)).toBeVisible();
  await entry.locator("> summary").focus();
  await page.keyboard.press("Enter");
  await expect(entry.getByText("an API key needs the scope script:write")).toBeVisible();
  const body = entry.getByRole("list", { name: "Body", exact: true });
  await expect(body.getByRole("listitem").filter({ hasText: "script_id" }).first()).toContainText("required");
  await expect(entry.getByRole("list", { name: "Error codes of status 422" })).toContainText("bad_schedule");
  await entry.getByRole("button", { name: "Copy curl for createTrigger" }).click();
  const copied = await page.evaluate(() => navigator.clipboard.readText());
  expect(copied).toContain(`curl -X POST '${server.url}/api/v1/admin/apps/APP/triggers/KIND'`);
  expect(copied).toContain("Authorization: Bearer YOUR_API_KEY");
  await expect(page).toHaveURL(/q=trigger\+post&show=createTrigger/);
  await page.goto("reference/http?show=createTrigger");
  await expect(entry.getByRole("heading", { name: "In the path" })).toBeInViewport();
  await page.goto("reference/http?q=create+trigger&show=createTrigger");
  await expect(page.getByText(/^1 of/)).toBeVisible();
  await check("reference-http-open");
  await entry.locator("> summary").click();
  await expect(page).not.toHaveURL(/show=/);
  await page.getByLabel("Search").fill("no such call");
  await expect(page.getByRole("heading", { name: "No call fits" })).toBeVisible();
  await check("reference-http-nothing");
});

// Not all of them at once for axe: what they are made of is the same, but each must fit a phone and have an example.
test("every call opens, with a command, and fits a phone", async ({ page, server }) => {
  const calls = await callsOf(server);
  await page.setViewportSize({ width: 360, height: 740 });
  await page.goto("reference/http");
  await entries(page).first().waitFor();
  await page.evaluate(() => document.querySelectorAll<HTMLElement>("main details > summary").forEach((summary) => summary.click()));
  for (const { id } of calls) {
    await expect(page.getByRole("region", { name: `curl for ${id}`, exact: true })).toBeAttached();
  }
  const { clientWidth, scrollWidth } = await page.evaluate(() => {
    const { clientWidth, scrollWidth } = document.documentElement;
    return { clientWidth, scrollWidth };
  });
  expect(scrollWidth, "scrolls sideways").toBeLessThanOrEqual(clientWidth);
});

test("a document of another kind is shown as far as it goes", async ({ page }) => {
  const loop = { type: "object", required: ["inner"], properties: { inner: { $ref: "#/components/schemas/Loop" }, odd: 7, gone: { $ref: "#/nowhere" } } };
  let document: unknown = {
    paths: { "/a": { get: { responses: { 200: { content: { "application/json": { schema: { $ref: "#/components/schemas/Loop" } } } }, 418: null } }, put: "nonsense" }, "/b": null },
    components: { schemas: { Loop: loop, Self: { $ref: "#/components/schemas/Self" } } },
  };
  await page.route("**/openapi.json", (route) => route.fulfill({ json: document }));
  await page.goto("reference/http?show=GET+/a");
  await expect(page.getByText("Loop, as above")).toBeVisible();
  await expect(page.getByText("2 of 2 calls")).toBeVisible();
  document = { paths: [] };
  await page.reload();
  await expect(page.getByText("holds no call")).toBeVisible();
});

test("the reference shows every function of the SDK, and the editor leads there", async ({ page, app, server, check }) => {
  interface Functions {
    functions: { signature: string }[];
    types: { methods: { signature: string }[] }[];
  }
  const sdk = await server.call<{ modules: Functions[]; standard: Functions[] }>("GET", "sdk");
  const all = [...sdk.modules, ...sdk.standard].flatMap(({ functions, types }) => [...functions, ...types.flatMap(({ methods }) => methods)]);
  await page.goto("reference/lua");
  await expect(page.getByText(`${all.length} of ${all.length} functions`)).toBeVisible();
  const shown = await entries(page).locator("> summary code").allTextContents();
  expect(shown.sort()).toEqual(all.map(({ signature }) => signature).sort());
  await check("reference-lua");
  await page.getByLabel("Search").fill("webhook verify");
  const entry = entries(page).filter({ hasText: "webhook.verify(" });
  await entry.locator("> summary").click();
  await expect(entry.getByRole("heading", { name: "Raises an error when" })).toBeVisible();
  await expect(page).toHaveURL(/q=webhook\+verify&show=webhook.verify/);
  await check("reference-lua-open");

  const id = await server.newScript(app, "keeps", `return kv.collection("a")`);
  await page.goto(`apps/${app}/scripts/${id}`);
  await page.getByRole("textbox", { name: /keeps/ }).click();
  await page.keyboard.press("End");
  for (let i = 0; i < 8; i++) await page.keyboard.press("ArrowLeft"); // into "collection"
  await page.keyboard.press("F1");
  const opened = page.waitForEvent("popup");
  await page.getByRole("link", { name: "Open in the reference" }).click();
  const reference = await opened;
  await expect(entries(reference).filter({ hasText: "kv.collection(" }).getByRole("heading", { name: "Example" })).toBeInViewport();
});
