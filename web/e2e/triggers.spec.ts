import { expect, nobody, signIn, test } from "./fixtures";
import { owner } from "./server";

test("a clock is made with its next five times, fired, switched off and deleted", async ({ page, app, server, check }) => {
  await server.newScript(app, "report", `log.info("reported") return { at = ctx.event.schedule }`);
  await page.goto(`apps/${app}/triggers`);
  await expect(page.getByRole("heading", { name: "No trigger yet" })).toBeVisible();
  await check("triggers-empty");
  await page.getByRole("button", { name: "New trigger" }).first().click();
  const dialog = page.getByRole("dialog", { name: "New trigger" });
  await dialog.getByLabel("Name", { exact: true }).fill("every morning");
  await dialog.getByLabel("Time zone").selectOption("Europe/Vienna");
  await dialog.getByLabel("Schedule", { exact: true }).fill("0 30 6 * * 1-5");
  await expect(dialog.getByText("At 06:30, Monday through Friday")).toBeVisible();
  await expect(dialog.getByRole("listitem").filter({ hasText: "06:30:00" })).toHaveCount(5);
  await check("trigger-new");
  await dialog.getByRole("button", { name: "Create trigger" }).click();

  const row = page.getByRole("row").filter({ hasText: "every morning" });
  await expect(row).toContainText("At 06:30, Monday through Friday (Europe/Vienna)");
  await row.getByRole("button", { name: "Actions for every morning" }).click();
  await page.getByRole("menuitem", { name: "Fire now…" }).click();
  const fire = page.getByRole("dialog", { name: "Fire every morning now" });
  await fire.getByRole("button", { name: "Fire now" }).click();
  await expect(fire.getByText("It ran")).toBeVisible();
  await expect(fire.getByText("reported")).toBeVisible();
  await expect(fire.getByRole("region", { name: "Answer" })).toContainText("0 30 6 * * 1-5");
  await check("trigger-fired");
  await page.keyboard.press("Escape");

  const on = row.getByRole("switch", { name: "every morning is on" });
  await on.click();
  await expect(on).toHaveAttribute("aria-checked", "false");
  await check("triggers");
  await row.getByRole("button", { name: "Actions for every morning" }).click();
  await page.getByRole("menuitem", { name: "Delete…" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete", exact: true }).click();
  await expect(page.getByRole("heading", { name: "No trigger yet" })).toBeVisible();
});

test("each other kind is made and changed", async ({ page, app, server }) => {
  await server.newScript(app, "handler", "return 1");
  const make = async (kind: string, name: string, fill: () => Promise<void>) => {
    await page.goto(`apps/${app}/triggers?new=${kind}`);
    const dialog = page.getByRole("dialog", { name: "New trigger" });
    await dialog.getByLabel("Name", { exact: true }).fill(name);
    await fill();
    await dialog.getByRole("button", { name: "Create trigger" }).click();
    await expect(page.getByRole("row").filter({ hasText: name })).toBeVisible();
  };
  await make("kv", "door", async () => {
    await page.getByLabel("Collection").fill("sensors");
    await page.getByLabel("Keys that begin with").fill("door/");
    await page.getByLabel("One is deleted").uncheck();
  });
  await expect(page.getByText("sensors: keys that begin with door/, on insert and update")).toBeVisible();
  await make("docs", "readings", () => page.getByLabel("Collection").fill("readings"));
  await make("topic", "alerts", () => page.getByLabel("Topic filter").fill("alerts/#"));
  await make("dead_letter", "failures", () => page.getByLabel("Requests of asynchronous routes").uncheck());
  await page.getByRole("link", { name: "alerts", exact: true }).click();
  const dialog = page.getByRole("dialog", { name: "Trigger alerts" });
  await dialog.getByLabel("Topic filter").fill("home/+/door");
  await dialog.getByText("When the script fails").click();
  await dialog.getByLabel("Attempts").fill("3");
  await dialog.getByRole("button", { name: "Save" }).click();
  await expect(page.getByText("home/+/door")).toBeVisible();
});

test.describe("a viewer", () => {
  test.use({ storageState: nobody });

  test("sees triggers and changes none", async ({ page, context, app, server }) => {
    const script = await server.newScript(app, "handler", "return 1");
    await server.call("POST", `apps/${app}/triggers/topic`, { script_id: script, name: "alerts", topic: { filter: "alerts/#" } });
    await server.newMember(`vera-${app}`, app, "viewer");
    await signIn(context.request, server.url, { username: `vera-${app}`, password: owner.password });
    await page.goto(`apps/${app}/triggers`);
    await expect(page.getByRole("row").filter({ hasText: "alerts/#" })).toBeVisible();
    await expect(page.getByRole("switch")).toBeDisabled();
    await expect(page.getByRole("button", { name: "New trigger" })).toHaveCount(0);
    await expect(page.getByRole("button", { name: "Actions for" })).toHaveCount(0);
  });
});
