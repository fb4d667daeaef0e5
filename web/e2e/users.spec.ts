import { expect, nobody, signIn, test } from "./fixtures";
import { owner } from "./server";

test("a user is made, gets another role and password, is deactivated and deleted", async ({ page, app, check }) => {
  const name = `edda-${app}`;
  await page.goto("users");
  await page.getByRole("button", { name: "New user" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Name").fill(name);
  await dialog.getByLabel("Member of").selectOption(app);
  await dialog.getByLabel("Role there").selectOption("editor");
  await check("new-user");
  await dialog.getByRole("button", { name: "Create user" }).click();
  await expect(dialog.getByRole("region", { name: "Sign-in details" })).toContainText(`Name: ${name}`);
  await dialog.getByRole("button", { name: "Done" }).click();

  const act = async (action: string) => {
    await page.getByRole("button", { name: `Actions for ${name}` }).click();
    await page.getByRole("menuitem", { name: action }).click();
  };
  const row = page.getByRole("row", { name });
  await act("Change role");
  await dialog.getByLabel("Role").selectOption("admin");
  await dialog.getByRole("button", { name: "Save role" }).click();
  await expect(row).toContainText("Admin");
  await act("Deactivate");
  await dialog.getByRole("button", { name: "Deactivate" }).click();
  await expect(row).toContainText("deactivated");
  await check("users");
  await act("Reset password");
  await dialog.getByRole("button", { name: "Set password" }).click();
  await dialog.getByRole("button", { name: "Done" }).click();
  await act("Delete");
  await expect(dialog.getByRole("button", { name: "Delete user" })).toBeDisabled();
  await dialog.getByLabel(`Type ${name} to confirm`).fill(name);
  await dialog.getByRole("button", { name: "Delete user" }).click();
  await expect(row).toBeHidden();

  await page.goto("audit?action=delete_user");
  await expect(page.getByRole("row", { name }).getByText("Deleted the user")).toBeVisible();
  await check("audit");
});

test("the audit has words for every action", async ({ server }) => {
  const { actionNames } = await import("../src/pages/audit/words");
  const refused = await server.call("GET", "audit?action=none").catch(String);
  const actions = /action is one of ([^"]*)/.exec(refused as string)?.[1]?.split(", ") ?? [];
  expect(actions.length).toBeGreaterThan(30);
  expect(actions.filter((action) => !(action in actionNames))).toEqual([]);
});

test.describe("a member", () => {
  test.use({ storageState: nobody, expected: /status of 403/ });

  test("sees neither users nor what an editor may not do", async ({ page, context, app, server, check }) => {
    const username = `emil-${app}`;
    await server.newMember(username, app, "editor");
    await server.call("PUT", `apps/${app}/secrets/WEATHER_KEY`, { value: "not to be seen" });
    await signIn(context.request, server.url, { username, password: owner.password });
    await page.goto("users");
    await expect(page.getByText("Your role does not reach this page")).toBeVisible();
    await check("no-permission");
    await expect(page.getByRole("link", { name: "Users" })).toBeHidden();
    await page.goto(`apps/${app}/secrets`);
    await expect(page.getByRole("row", { name: "WEATHER_KEY" })).toBeVisible();
    await expect(page.getByRole("button", { name: "New secret" })).toBeHidden();
    expect(await page.content()).not.toContain("not to be seen");
    await page.goto(`apps/${app}/members`);
    await expect(page.getByText("Your role does not reach this page")).toBeVisible();
    await page.goto("apps/default/members");
    await expect(page.getByRole("heading", { level: 1, name: "No such app" })).toBeVisible();
  });
});
