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
