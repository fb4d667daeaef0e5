// The second half of a first day: a clock, its failure, the replay, and somebody else at the same box.
import { expect, nobody, test } from "./fixtures";
import { owner } from "./server";

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

test.describe("by the keyboard alone", () => {
  test.use({ storageState: nobody, expected: /status of 401/ });

  test("one signs in, installs, edits, schedules, and replays", async ({ page, app, server }) => {
    const { keyboard } = page;
    /** Presses Tab until the control has the focus. The editor lives in a shadow tree, so the document does not name it. */
    const tabTo = async (role: Parameters<typeof page.getByRole>[0], name: string | RegExp) => {
      const control = page.getByRole(role, { name }).first();
      await control.waitFor();
      for (let i = 0; i < 150; i++) {
        if (await control.evaluate((node) => node.matches(":focus"))) {
          return control;
        }
        await keyboard.press("Tab");
      }
      throw new Error(`Tab does not lead to ${name}`);
    };
    const press = async (role: Parameters<typeof page.getByRole>[0], name: string | RegExp) => {
      await tabTo(role, name);
      await keyboard.press("Enter");
    };

    await page.goto(`apps/${app}/templates/counter`);
    await tabTo("textbox", "Name");
    await keyboard.type(owner.username);
    await tabTo("textbox", "Password");
    await keyboard.type(owner.password);
    await keyboard.press("Enter");

    await press("button", "Install");
    await expect(page.getByText("Waiting for the first call of your device…")).toBeVisible();
    await press("button", "Send this request as a test");
    await expect(page.getByText("It ran", { exact: true })).toBeVisible();
    await press("link", "Open the script");
    await tabTo("textbox", "Source of counter");
    await keyboard.press("ControlOrMeta+a");
    await keyboard.press("Delete");
    await keyboard.type(`error("broken by hand")`);
    await keyboard.press("ControlOrMeta+s");
    await expect(page.getByText("Version 2 is saved and in use.")).toBeVisible();
    // The first closes what completion may still offer, the second gives Tab back.
    await keyboard.press("Escape");
    await keyboard.press("Escape");

    await press("link", "Triggers");
    await press("button", "New trigger");
    await tabTo("combobox", "Starts");
    await keyboard.type("Topic");
    await tabTo("textbox", "Name");
    await keyboard.type("alerts");
    await tabTo("textbox", "Topic filter");
    await keyboard.type("alerts/#");
    await press("button", "Create trigger");
    await expect(page.getByRole("row").filter({ hasText: "alerts/#" })).toBeVisible();

    const publisher = await server.newScript(app, "publisher", `topics.publish("alerts/x", 1)`);
    const [made] = (await server.call<{ items: { id: string }[] }>("GET", `apps/${app}/triggers`)).items;
    await server.call("PATCH", `triggers/${made!.id}`, { retry: { max_attempts: 1 } });
    await server.call("POST", `scripts/${publisher}/invoke`, { request: { method: "POST", path: "/" } });
    await expect.poll(() => server.call<Letters>("GET", `apps/${app}/dead-letters`).then(({ items }) => items.length)).toBe(1);
    await press("link", /^Dead letters/);
    await press("link", "alerts/x");
    await press("button", "Resolve…");
    await keyboard.type("done by hand");
    await press("button", /^Resolve$/);
    await expect(page.getByText("Note: done by hand")).toBeVisible();
  });
});
