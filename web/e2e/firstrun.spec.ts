import { expect, nobody, test } from "./fixtures";
import { Server } from "./server";

test.describe("a server that nobody has claimed", () => {
  test.use({ storageState: nobody, expected: /status of (401|409)/ });

  test("is claimed by its setup link, and leads to a script that answers", async ({ page, check }) => {
    const server = await Server.start();
    await page.goto(`${server.url}/admin/#setup=${server.setupToken}`);
    await expect(page.getByRole("heading", { level: 1, name: "Claim this PiCloud" })).toBeVisible();
    await check("claim");
    await page.getByLabel("Name").fill("grace");
    await page.getByLabel("Password", { exact: true }).fill("correct horse battery");
    await page.getByRole("button", { name: "Claim PiCloud" }).click();
    await expect(page.getByRole("heading", { level: 1, name: "Welcome to PiCloud" })).toBeVisible();
    expect(new URL(page.url()).hash).toBe("");

    await page.getByRole("button", { name: "Make it and give it an address" }).click();
    await expect(page.getByText("Waiting for the first call")).toBeVisible();
    const command = await page.getByRole("region", { name: "The call, for a terminal" }).textContent();
    const url = /curl "(.*)"/.exec(command ?? "")?.[1];
    expect(url).toBe(`${server.url}/hello?name=Pi`);
    const answer = await fetch(url!);
    expect(await answer.json()).toMatchObject({ hello: "Pi" });
    await expect(page.getByText("It was called,")).toBeVisible();
    await check("welcome");
    await server.stop();
  });

  test("refuses a wrong token", async ({ page, server }) => {
    await page.goto(`${server.url}/admin/#setup=wrong`);
    await page.getByLabel("Name").fill("mallory");
    await page.getByLabel("Password", { exact: true }).fill("correct horse battery");
    await page.getByRole("button", { name: "Claim PiCloud" }).click();
    await expect(page.getByRole("alert")).toContainText("has an owner");
    await page.getByRole("button", { name: "Sign in" }).click();
    await expect(page.getByRole("heading", { level: 1, name: "Sign in" })).toBeVisible();
  });
});
