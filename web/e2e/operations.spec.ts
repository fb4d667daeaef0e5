// The second half of a first day: a clock, its failure, the replay, and somebody else at the same box.
import { expect, nobody, test } from "./fixtures";

interface Letters {
  items: { id: string; state: string }[];
}

test.describe("the owner's day", () => {
  test.use({ expected: /status of 40[34]/ });

  test("a clock fails, its dead letter is replayed, and an invited editor sees no secret", async ({ page, app, server, browser }) => {
    const script = await server.newScript(app, "report", `error("the printer is off")`);
    await server.call("PUT", `apps/${app}/secrets/PRINTER_KEY`, { value: "sesame, open the printer" });

    await page.goto(`apps/${app}/triggers?new=cron`);
    const trigger = page.getByRole("dialog", { name: "New trigger" });
    await trigger.getByLabel("Name", { exact: true }).fill("often");
    await trigger.getByLabel("Schedule", { exact: true }).fill("@every 1s");
    await trigger.getByText("When the script fails").click();
    await trigger.getByLabel("Attempts").fill("1");
    await trigger.getByRole("button", { name: "Create trigger" }).click();
    await expect(page.getByRole("row").filter({ hasText: "often" })).toContainText("Every 1s");
    await expect.poll(() => server.call<Letters>("GET", `apps/${app}/dead-letters`).then(({ items }) => items.length)).toBeGreaterThan(0);
    // Seldom from now on, so that what is replayed below stays the newest.
    await page.getByRole("link", { name: "often", exact: true }).click();
    await page.getByRole("dialog").getByLabel("Schedule", { exact: true }).fill("@yearly");
    await page.getByRole("dialog").getByRole("button", { name: "Save" }).click();
    await expect(page.getByRole("row").filter({ hasText: "often" })).toContainText("Once a year");

    await page.getByRole("link", { name: /Dead letters/ }).click();
    await page.getByRole("link", { name: "Clock @every 1s" }).first().click();
    await expect(page.getByRole("table", { name: "Attempts" })).toContainText("the printer is off");
    await server.call("PATCH", `scripts/${script}`, { source: `kv.collection("reports"):incr("printed")` });
    await page.getByRole("button", { name: "Replay", exact: true }).click();
    await expect(page.getByText("replayed", { exact: true })).toBeVisible();
    await expect
      .poll(() => server.call<{ value: number }>("GET", `apps/${app}/kv/reports/printed`).then(({ value }) => value, () => 0))
      .toBeGreaterThan(0);

    await page.goto("users?new=1");
    const invitation = page.getByRole("dialog");
    await invitation.getByLabel("Name", { exact: true }).fill(`emil-${app}`);
    await invitation.getByLabel("First password").fill("a password for emil");
    await invitation.getByLabel("Member of").selectOption(app);
    await invitation.getByLabel("Role there").selectOption("editor");
    await invitation.getByRole("button", { name: "Create user" }).click();
    await expect(invitation.getByRole("region", { name: "Sign-in details" })).toContainText("a password for emil");

    const context = await browser.newContext({ storageState: nobody });
    const theirs = await context.newPage();
    await theirs.goto(`${server.url}/admin/apps/${app}/secrets`);
    await theirs.getByLabel("Name").fill(`emil-${app}`);
    await theirs.getByLabel("Password", { exact: true }).fill("a password for emil");
    await theirs.getByRole("button", { name: "Sign in" }).click();
    await expect(theirs.getByRole("row").filter({ hasText: "PRINTER_KEY" })).toBeVisible();
    expect(await theirs.content()).not.toContain("sesame");
    await expect(theirs.getByRole("button", { name: "New secret" })).toHaveCount(0);
    await expect(theirs.getByRole("button", { name: "Actions for" })).toHaveCount(0);
    await expect(theirs.getByRole("link", { name: "Users" })).toHaveCount(0);
    const answer = await context.request.get(`${server.url}/api/v1/admin/apps/${app}/secrets`, {
      headers: { "Sec-Fetch-Site": "same-origin", Origin: server.url },
    });
    expect(await answer.text()).not.toContain("sesame");
    await theirs.goto(`${server.url}/admin/users`);
    await expect(theirs.getByRole("heading", { name: "Your role does not reach this page" })).toBeVisible();
    await context.close();
  });
});
