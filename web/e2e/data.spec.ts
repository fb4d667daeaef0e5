import { expect, nobody, signIn, test } from "./fixtures";
import { owner } from "./server";
import { parseJSON, writeJSON } from "../src/api/json";

test.describe("an entry", () => {
  test.use({ expected: /status of 409/ });

  test("is made, changed against somebody else's change, and deleted", async ({ page, app, server, check }) => {
    await page.goto(`apps/${app}/data`);
    await expect(page.getByRole("heading", { name: "Nothing stored yet" })).toHaveCount(2);
    await check("data-empty");
    await page.getByRole("button", { name: "New entry" }).click();
    const making = page.getByRole("dialog", { name: "New entry" });
    await making.getByLabel("Collection").fill("sensors");
    await making.getByLabel("Key", { exact: true }).fill("hall/door");
    await making.getByLabel("Value, as JSON").fill('{"open": true');
    await expect(making.getByRole("alert")).toContainText("This is not JSON");
    await expect(making.getByRole("button", { name: "Create" })).toBeDisabled();
    await check("entry-not-json");
    await making.getByLabel("Value, as JSON").fill('{"open": true}');
    await making.getByLabel("Seconds until it is gone").fill("3600");
    await making.getByRole("button", { name: "Create" }).click();

    await expect(page.getByRole("heading", { level: 1, name: "sensors" })).toBeVisible();
    await expect(page.getByRole("row").filter({ hasText: "hall/door" })).toContainText(/in 5\d minutes/);
    await check("entries");
    await page.getByRole("link", { name: "hall/door" }).click();
    const dialog = page.getByRole("dialog", { name: "hall/door" });
    await dialog.getByLabel("Value, as JSON").fill('{"open": false}');
    await server.call("PUT", `apps/${app}/kv/sensors/hall%2Fdoor`, { value: "broken" });
    await dialog.getByRole("button", { name: "Save" }).click();
    await expect(dialog.getByRole("alert")).toContainText("Somebody has changed this entry");
    await expect(dialog.getByRole("region", { name: "What is there now" })).toHaveText('"broken"');
    await check("entry-conflict");
    await dialog.getByRole("button", { name: "Keep mine" }).click();
    await dialog.getByRole("button", { name: "Save" }).click();
    await expect(page.getByRole("row").filter({ hasText: '{"open":false}' })).toBeVisible();

    await page.getByLabel("Keys that begin with").fill("attic");
    await page.keyboard.press("Enter");
    await expect(page.getByRole("heading", { name: "No key begins with “attic”" })).toBeVisible();
    await page.getByRole("button", { name: "Show all" }).click();
    await page.getByRole("link", { name: "hall/door" }).click();
    await dialog.getByRole("button", { name: "Delete…" }).click();
    await page.getByRole("dialog", { name: "Delete this entry?" }).getByRole("button", { name: "Delete" }).click();
    await expect(page.getByRole("heading", { name: "There is no entry in this collection" })).toBeVisible();
  });
});

test("documents are found by what is in them, made and changed", async ({ page, app, server, check }) => {
  for (const [room, temp] of [["hall", 19], ["hall", 22.5], ["attic", 31]]) {
    await server.call("POST", `apps/${app}/docs/readings`, { data: { room, temp } });
  }
  await page.goto(`apps/${app}/data`);
  await page.getByRole("link", { name: "readings" }).click();
  await expect(page.getByRole("row").filter({ hasText: '"temp"' })).toHaveCount(3);
  await page.getByText("Search and sort").click();
  await page.getByLabel("Where, as JSON").fill('{"room": "hall", "temp": {"gt": 20}}');
  await page.getByLabel("Sorted by").fill("-temp");
  await page.getByRole("button", { name: "Search" }).click();
  await expect(page.getByRole("row").filter({ hasText: '"temp"' })).toHaveCount(1);
  await check("documents");
  await page.reload();
  await page.getByRole("row").filter({ hasText: "22.5" }).getByRole("link").click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Document, as JSON").fill("[1]");
  await expect(dialog.getByRole("alert")).toContainText("A document is an object");
  await dialog.getByLabel("Document, as JSON").fill('{"room": "hall", "temp": 23, "note": "<b>ä</b>"}');
  await check("document");
  await dialog.getByRole("button", { name: "Save" }).click();
  await expect(page.getByRole("row").filter({ hasText: '"note":"<b>ä</b>"' })).toContainText("2");
  await page.getByRole("button", { name: "New document" }).click();
  await dialog.getByLabel("Id").fill("attic");
  await dialog.getByLabel("Document, as JSON").fill('{"room": "hall", "temp": 40}');
  await dialog.getByRole("button", { name: "Create" }).click();
  await expect(page.getByRole("link", { name: "attic", exact: true })).toBeVisible();
});

test("numbers keep every digit while they are read, looked at and written", () => {
  const texts = [
    "9007199254740993", "-12345678901234567890", "0.12345678901234567890", "1e400", "5e-400", '{"a":[1,9007199254740993,"9007199254740993"]}',
    '["\\"9007199254740993",12345678901234567890123]', '{"9007199254740993":1.50}',
  ];
  const plain = { "9007199254740993": 1.5 };
  expect(texts.map((text) => writeJSON(parseJSON(text)))).toEqual([...texts.slice(0, -1), JSON.stringify(plain)]);
  expect(parseJSON("[1.0, 1e3, 0.30000000000000004, 9007199254740991, 1.7976931348623157e+308, 5e-324]")).toEqual([1, 1000, 0.1 + 0.2, 2 ** 53 - 1, Number.MAX_VALUE, 5e-324]);
  expect(writeJSON({ a: [9007199254740991, parseJSON("9007199254740993")] }, 2)).toBe('{\n  "a": [\n    9007199254740991,\n    9007199254740993\n  ]\n}');
  expect(() => parseJSON('{"a": 9007199254740993')).toThrow(/JSON/);
});

test("a whole number beyond 2^53 is shown, kept and saved to the last digit", async ({ page, app, server, context }) => {
  const serial = "12345678901234567891";
  const stored = async (path: string) => (await context.request.get(`${server.url}/api/v1/admin/apps/${app}/${path}`)).text();
  const dialog = page.getByRole("dialog");
  await page.goto(`apps/${app}/data?new=entry`);
  await dialog.getByLabel("Collection").fill("meters");
  await dialog.getByLabel("Key", { exact: true }).fill("hall");
  await dialog.getByLabel("Value, as JSON").fill(`{"serial": ${serial}, "room": "hall"}`);
  await dialog.getByRole("button", { name: "Create" }).click();
  await expect(page.getByRole("row").filter({ hasText: `{"serial":${serial},"room":"hall"}` })).toBeVisible();
  await page.getByRole("link", { name: "hall" }).click();
  const value = dialog.getByLabel("Value, as JSON");
  await expect(value).toHaveValue(`{\n  "serial": ${serial},\n  "room": "hall"\n}`);
  await value.fill((await value.inputValue()).replace('"hall"', '"attic"'));
  await dialog.getByRole("button", { name: "Save" }).click();
  await expect(page.getByRole("row").filter({ hasText: `{"serial":${serial},"room":"attic"}` })).toBeVisible();
  expect(await stored("kv/meters/hall")).toContain(`{"serial":${serial},"room":"attic"}`);

  await page.goto(`apps/${app}/data/docs/meters?new=1`);
  await dialog.getByLabel("Id").fill("m1");
  await dialog.getByLabel("Document, as JSON").fill(`{"serial": ${serial}}`);
  await dialog.getByRole("button", { name: "Create" }).click();
  await page.getByRole("link", { name: "m1" }).click();
  await expect(dialog.getByLabel("Document, as JSON")).toHaveValue(`{\n  "serial": ${serial}\n}`);
  await dialog.getByRole("button", { name: "Save" }).click();
  await expect(dialog).toBeHidden();
  expect(await stored("docs/meters/m1")).toContain(`{"serial":${serial}}`);

  const id = await server.newScript(app, "meter", "return 1", { method: "POST", path: `/${app}/meter` });
  await fetch(`${server.url}/${app}/meter`, { method: "POST", body: `{"serial":${serial}}`, headers: { "Content-Type": "application/json" } });
  await page.goto(`apps/${app}/scripts/${id}/executions`);
  await page.getByRole("button", { name: `POST /${app}/meter` }).click();
  await expect(page.getByRole("region", { name: "Body of the request" })).toHaveText(`{\n  "serial": ${serial}\n}`);
});

test.describe("a viewer", () => {
  test.use({ storageState: nobody });

  test("reads data and changes none", async ({ page, context, app, server }) => {
    await server.call("PUT", `apps/${app}/kv/sensors/hall`, { value: 21.5 });
    await server.newMember(`vera-${app}`, app, "viewer");
    await signIn(context.request, server.url, { username: `vera-${app}`, password: owner.password });
    await page.goto(`apps/${app}/data/kv/sensors?key=hall`);
    const dialog = page.getByRole("dialog", { name: "hall" });
    await expect(dialog.getByRole("region")).toHaveText("21.5");
    await expect(dialog.getByRole("button", { name: "Save" })).toHaveCount(0);
    await page.keyboard.press("Escape");
    await expect(page.getByRole("button", { name: "New entry" })).toHaveCount(0);
  });
});
