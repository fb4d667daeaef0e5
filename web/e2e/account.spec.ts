import { expect, nobody, signIn, test } from "./fixtures";
import { owner } from "./server";

test("an API key is made, shown once, and revoked", async ({ page, app, server, check }) => {
  await page.goto("account");
  await page.getByRole("button", { name: "New key" }).click();
  const dialog = page.getByRole("dialog", { name: "New API key" });
  const name = `NAS of ${app}`;
  await dialog.getByLabel("Name").fill(name);
  await dialog.getByLabel("For").selectOption(app);
  await expect(dialog.getByLabel("instance:read")).toBeHidden();
  await dialog.getByLabel("log:read").check();
  await dialog.getByLabel("Expires").selectOption("30");
  await check("new-key");
  await dialog.getByRole("button", { name: "Create key" }).click();
  const raw = await page.getByRole("region", { name: "API key", exact: true }).textContent();
  expect(raw).toMatch(/^pic_[a-z2-7]{52}$/);
  const call = () => fetch(`${server.url}/api/v1/admin/apps/${app}/logs`, { headers: { Authorization: `Bearer ${raw}` } });
  expect((await call()).status).toBe(200);
  await page.getByRole("button", { name: "I have copied it" }).click();
  await page.reload();
  const row = page.getByRole("row", { name });
  await expect(row).toContainText("log:read");
  expect(await page.content()).not.toContain(raw!);
  await check("account");
  await row.getByRole("button", { name: `Actions for the key ${name}` }).click();
  await page.getByRole("menuitem", { name: "Revoke" }).click();
  await page.getByRole("button", { name: "Revoke key" }).click();
  await expect(row).toBeHidden();
  expect((await call()).status).toBe(401);
});

test.describe("somebody else", () => {
  test.use({ storageState: nobody, expected: /status of 40[13]/ });

  test("changes their password and stays signed in", async ({ page, context, app, server }) => {
    const username = `dora-${app}`;
    await server.newMember(username, app, "viewer");
    await signIn(context.request, server.url, { username, password: owner.password });
    await page.goto("account");
    await page.getByLabel("Current password", { exact: true }).fill("wrong horse");
    await page.getByLabel("New password", { exact: true }).fill("staple battery");
    await page.getByRole("button", { name: "Change password" }).click();
    await expect(page.getByRole("alert")).toContainText("current password is wrong");
    await page.getByLabel("Current password", { exact: true }).fill(owner.password);
    await page.getByRole("button", { name: "Change password" }).click();
    await expect(page.getByText("Your password is changed")).toBeVisible();
    await page.reload();
    await expect(page.getByRole("heading", { level: 1, name: "Account" })).toBeVisible();
    await signIn(context.request, server.url, { username, password: "staple battery" });
  });
});
