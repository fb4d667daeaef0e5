import { expect, test } from "./fixtures";

test("a template is found, installed, tried, and ticked off by its first call", async ({ page, app, server, check }) => {
  await page.goto(`apps/${app}/scripts`);
  await page.getByRole("link", { name: "See the templates" }).click();
  await check("templates");
  await page.getByLabel("Show").selectOption("Devices");
  await expect(page).toHaveURL(/group=devices/);
  await expect(page.getByRole("heading", { level: 2 })).toHaveText(["Devices"]);
  await page.getByLabel("Show").selectOption("All");
  await page.getByLabel("Find").fill("shortest way");
  await page.getByRole("link", { name: "Say hello" }).click();
  await check("template");
  await page.getByRole("button", { name: "Install" }).click();
  await expect(page.getByText("Installed as greeting.")).toBeVisible();
  await page.getByRole("button", { name: "Send a test request" }).click();
  await expect(page.getByText("answered with status 200")).toBeVisible();
  await expect(page.getByText("Waiting for the first call.")).toBeVisible();
  expect((await fetch(`${server.url}/greet/Ada`)).status).toBe(200);
  await expect(page.getByText("GET /greet/Ada", { exact: true })).toBeVisible();
  await check("template-installed");
  await page.reload();
  await expect(page.getByText("It has been called:")).toBeVisible();
  await page.getByRole("link", { name: "Edit the script" }).click();
  await expect(page.getByRole("textbox", { name: "Source of greeting" })).toBeVisible();
});

test.describe("a template with secrets", () => {
  test.use({ expected: /status of 409/, timezoneId: "Europe/Vienna" });

  test("asks for them or makes them up, and leaves nothing behind when it is refused", async ({ page, app, server }) => {
    await page.goto(`apps/${app}/templates/daily-report`);
    await page.getByLabel("Your e-mail address").fill("ada@example.com");
    await page.getByRole("button", { name: "Install" }).click();
    await expect(page.getByText("Installed as daily-report.")).toBeVisible();
    const triggers = await server.call<{ items: unknown[] }>("GET", `apps/${app}/triggers`);
    expect(triggers.items).toMatchObject([{ kind: "cron", cron: { timezone: "Europe/Vienna" } }]);

    await server.newScript(app, "taker", "return 1", { method: "POST", path: "/hooks/github" });
    await page.goto(`apps/${app}/templates/github-push`);
    await page.getByRole("button", { name: "Install" }).click();
    await expect(page.getByRole("alert")).toContainText("another route answers the same requests");
    const { items } = await server.call<{ items: { id: string; name: string }[] }>("GET", `apps/${app}/scripts`);
    expect(items.map(({ name }) => name)).toEqual(["daily-report", "taker"]);
    const taker = items.find(({ name }) => name === "taker")!;
    const routes = await server.call<{ items: { id: string }[] }>("GET", `scripts/${taker.id}/routes`);
    await server.call("DELETE", `routes/${routes.items[0]!.id}`);
    await page.getByRole("button", { name: "Install" }).click();
    await expect(page.getByText("Installed as github-push.")).toBeVisible();
    await expect(page.getByText(`${server.url}/hooks/github`)).toBeVisible();
    expect((await fetch(`${server.url}/hooks/github`, { method: "POST", body: "{}" })).status).toBe(401);
    await expect(page.getByText(/A call was refused by the route's guard/)).toBeVisible();
  });
});
