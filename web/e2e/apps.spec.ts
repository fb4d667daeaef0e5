import { expect, test } from "./fixtures";

test("the list of apps leads to each, and makes another", async ({ page, app, check }) => {
  await page.goto("apps");
  await expect(page.getByRole("table", { name: "Apps" }).getByText(app)).toBeVisible();
  await check("apps");
  await page.getByRole("button", { name: "New app" }).first().click();
  const dialog = page.getByRole("dialog", { name: "New app" });
  await expect(dialog.getByLabel("Name", { exact: true })).toBeFocused();
  await dialog.getByLabel("Name", { exact: true }).fill("Küche & Bad");
  await expect(dialog.getByLabel("Short name")).toHaveValue("kuche-bad");
  await check("new-app");
  await dialog.getByRole("button", { name: "Create app" }).click();
  await expect(page).toHaveURL(/apps\/kuche-bad\/scripts/);
});

test.describe("a name that is taken", () => {
  test.use({ expected: /status of 409/ });

  test("is said beside its field", async ({ page, app }) => {
    await page.goto("apps?new=1");
    const dialog = page.getByRole("dialog", { name: "New app" });
    await dialog.getByLabel("Name", { exact: true }).fill("Again");
    await dialog.getByLabel("Short name").fill(app);
    await dialog.getByRole("button", { name: "Create app" }).click();
    await expect(dialog.getByRole("alert")).toContainText("taken");
    await page.keyboard.press("Escape");
    await expect(dialog).toBeHidden();
  });
});

test("members are added, get another role, and are removed", async ({ page, app, server, check }) => {
  const name = `finn-${app}`;
  await server.call("POST", "admins", { username: name, password: "correct horse battery", role: "member" });
  await page.goto(`apps/${app}/members`);
  await check("members-empty");
  await page.getByRole("button", { name: "Add member" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("User name").fill(name);
  await dialog.getByRole("button", { name: "Add member" }).click();
  await expect(dialog).toBeHidden();
  await page.getByLabel(`Role of ${name}`).selectOption("app_admin");
  await expect(page.getByText(`${name} is now app admin`)).toBeVisible();
  await page.reload();
  await expect(page.getByLabel(`Role of ${name}`)).toHaveValue("app_admin");
  await check("members");
  await page.getByRole("button", { name: `Actions for ${name}` }).click();
  await page.getByRole("menuitem", { name: "Remove" }).click();
  await dialog.getByRole("button", { name: "Remove" }).click();
  await expect(page.getByText("has no members")).toBeVisible();
});

test("a secret is saved, replaced and deleted, and never shown", async ({ page, app, check }) => {
  await page.goto(`apps/${app}/secrets`);
  await expect(page.getByText("has no secrets")).toBeVisible();
  await page.getByRole("button", { name: "New secret" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Name").fill("WEATHER_KEY");
  await dialog.getByLabel("Value").fill("s3cret-value");
  await dialog.getByRole("button", { name: "Save secret" }).click();
  await expect(page.getByRole("row", { name: "WEATHER_KEY" })).toBeVisible();
  expect(await page.content()).not.toContain("s3cret-value");
  await check("secrets");
  await page.getByRole("button", { name: "Actions for WEATHER_KEY" }).click();
  await page.getByRole("menuitem", { name: "Set another value" }).click();
  await dialog.getByLabel("Value").fill("another");
  await dialog.getByRole("button", { name: "Save secret" }).click();
  await expect(dialog).toBeHidden();
  await page.getByRole("button", { name: "Actions for WEATHER_KEY" }).click();
  await page.getByRole("menuitem", { name: "Delete" }).click();
  await dialog.getByRole("button", { name: "Delete secret" }).click();
  await expect(page.getByText("has no secrets")).toBeVisible();
});

test("an app is renamed, and deleted by typing its name", async ({ page, app, server, check }) => {
  await server.newScript(app, "hello", "return 1");
  await page.goto(`apps/${app}/settings`);
  await page.getByLabel("Name", { exact: true }).fill("Greenhouse");
  await page.getByLabel("Short name").fill(`${app}-green`);
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page).toHaveURL(new RegExp(`apps/${app}-green/settings`));
  await check("app-settings");
  await page.getByRole("button", { name: "Delete app" }).click();
  const dialog = page.getByRole("dialog");
  await expect(dialog.getByRole("button", { name: "Delete this app" })).toBeDisabled();
  await dialog.getByRole("textbox").fill(`${app}-green`);
  await check("delete-app");
  await dialog.getByRole("button", { name: "Delete this app" }).click();
  await expect(page).toHaveURL(/admin\/apps$/);
  await expect(page.getByRole("heading", { level: 1, name: "Apps" })).toBeVisible();
  await expect(page.getByRole("row", { name: "Greenhouse" })).toBeHidden();
});

test.describe("an app as files", () => {
  test.use({ expected: /status of 422/ });

  test("is exported, and imported into another after a look at the plan", async ({ page, app, server, check }) => {
    await server.newScript(app, "greet", `return secrets.get("WORD")`, { method: "GET", path: `/${app}/greet` });
    await page.goto(`apps/${app}/settings`);
    const saved = page.waitForEvent("download");
    await page.getByRole("link", { name: "Export" }).click();
    const file = (await saved).suggestedFilename();
    expect(file).toBe(`${app}.picloud.json`);
    const content = await (await saved).path().then((path) => import("node:fs").then(({ readFileSync }) => readFileSync(path, "utf8")));
    expect(Object.keys(JSON.parse(content).files)).toContain("scripts/greet.lua");

    const other = await server.newApp("Copy");
    await page.goto(`apps/${other}/settings?import=1`);
    const dialog = page.getByRole("dialog");
    const choose = (text: string) =>
      dialog.getByLabel("A file from Export").setInputFiles({ name: file, mimeType: "application/json", buffer: Buffer.from(text) });
    const look = dialog.getByRole("button", { name: "See what would change" });
    await choose("nonsense");
    await look.click();
    await expect(dialog.getByRole("alert")).toContainText("is no exported app");
    await choose(content.replace("return secrets.get", "return return"));
    await look.click();
    await expect(dialog.getByRole("alert")).toContainText("scripts/greet.lua:1");
    await choose(content.replaceAll(`/${app}/greet`, `/${other}/greet`));
    await look.click();
    await expect(dialog.getByText("script greet")).toBeVisible();
    await expect(dialog.getByText("not set here: WORD")).toBeVisible();
    await check("import");
    await dialog.getByRole("button", { name: "Import" }).click();
    await expect(dialog).toBeHidden();
    const { items } = await server.call<{ items: { name: string }[] }>("GET", `apps/${other}/scripts`);
    expect(items.map(({ name }) => name)).toEqual(["greet"]);
  });
});
