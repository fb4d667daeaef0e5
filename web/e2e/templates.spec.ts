import { expect, nobody, signIn, test } from "./fixtures";
import { owner } from "./server";

test("a template is found, installed in one click, tried, and ticked off at the first call", async ({ page, app, server, check }) => {
  await page.goto(`apps/${app}/templates`);
  await expect(page.getByRole("listitem").filter({ has: page.getByRole("heading", { level: 3 }) })).toHaveCount(24);
  await check("templates");
  await page.getByLabel("Find").fill("Shelly plug");
  await expect(page.getByRole("link", { name: "Shelly Plus and Pro (webhooks)" })).toBeVisible();
  await page.getByLabel("Find").fill("shelly h&t");
  await page.getByRole("link", { name: "Shelly H&T (first generation)" }).click();
  await expect(page.getByRole("region", { name: "The script", exact: true }).last()).toContainText("shellyht-");
  await check("template");
  await page.getByRole("button", { name: "Install" }).click();
  await expect(page.getByText("Waiting for the first call of your device…")).toBeVisible();
  await expect(page.getByRole("region", { name: "Step 2" })).toHaveText(`${server.url}/shelly/climate`);
  await page.getByRole("button", { name: "Send this request as a test" }).click();
  await expect(page.getByText("It ran", { exact: true })).toBeVisible();
  await expect(page.getByRole("region", { name: "Answer" })).toHaveText("ok");
  await expect(page.getByText("Waiting for the first call of your device…")).toBeVisible();
  await fetch(`${server.url}/shelly/climate?hum=46&temp=21.38&id=shellyht-6A0B1C`);
  await expect(page.getByText("Your device has called.")).toBeVisible();
  await check("template-called");
  await page.getByRole("link", { name: "Templates", exact: true }).click();
  await expect(page.getByRole("listitem").filter({ hasText: "Shelly H&T" }).getByText("installed")).toBeVisible();
});

test.describe("a template that asks for more", () => {
  test.use({ expected: /status of 409/ });

  test("takes a secret and a trigger, makes up another, and leaves nothing behind when it is refused", async ({ page, app, server, check }) => {
    await page.goto(`apps/${app}/templates/ntfy-push`);
    await page.getByRole("button", { name: "Install" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Address of your ntfy topic").fill("https://ntfy.invalid/my-topic");
    await check("template-asks");
    await dialog.getByRole("button", { name: "Install" }).click();
    await expect(page.getByText("Waiting for the first run…")).toBeVisible();
    await page.getByRole("button", { name: "Fire a test event" }).click();
    await expect(page.getByText("It failed", { exact: true })).toBeVisible();

    await page.goto(`apps/${app}/templates/github-push`);
    await page.getByRole("button", { name: "Install" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Install" }).click();
    await expect(page.getByRole("region", { name: "Step 3" })).toHaveText(/^[A-Za-z0-9]{40}$/);

    const other = await server.newApp("Other");
    await page.goto(`apps/${other}/templates/github-push`);
    await page.getByRole("button", { name: "Install" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Install" }).click();
    await expect(page.getByRole("alert")).toContainText("Another route answers the same requests");
    expect((await server.call<{ items: unknown[] }>("GET", `apps/${other}/scripts`)).items).toEqual([]);
  });
});

test.describe("an editor", () => {
  test.use({ storageState: nobody });

  test("installs what needs no secret, and is told who sets one", async ({ page, context, app, server }) => {
    await server.newMember(`eve-${app}`, app, "editor");
    await signIn(context.request, server.url, { username: `eve-${app}`, password: owner.password });
    await page.goto(`apps/${app}/templates/telegram-message`);
    await expect(page.getByText("Only an app admin may set secrets")).toBeVisible();
    await expect(page.getByRole("button", { name: "Install" })).toHaveCount(0);
    await page.goto(`apps/${app}/templates/temperature-alarm`);
    await page.getByRole("button", { name: "Install" }).click();
    await expect(page.getByText("Waiting for the first run…")).toBeVisible();
  });
});
