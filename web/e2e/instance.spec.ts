import { expect, nobody, signIn, test } from "./fixtures";
import { owner, Server } from "./server";

test("the overview shows what happens, as charts and as tables", async ({ page, app, server, check }) => {
  const path = `/${app}/fails`;
  await server.newScript(app, "fails", `if ctx.request.query.bad then error("no") end return 1`, { method: "GET", path });
  await fetch(`${server.url}${path}`);
  await fetch(`${server.url}${path}?bad=1`);
  await page.route("**/instance/stats?*", async (route) => {
    // A minute is too long to wait for, so the last hour is made up; everything else is the server's own.
    const response = await route.fetch();
    const stats = await response.json();
    const now = Date.parse(stats.now);
    stats.minutes = Array.from({ length: 60 }, (_, i) => ({
      at: new Date(now - (59 - i) * 60_000).toISOString(),
      executions: 40 + Math.round(25 * Math.sin(i / 5)),
      failed: i % 17 === 3 ? 4 : 0,
      latency_ms: i === 30 ? null : { p50: 0.4 + 0.1 * Math.sin(i), p95: 2 + Math.cos(i / 3), p99: 6 + 3 * Math.sin(i / 4) },
      written_bytes: 40_000 + 900 * i,
      memory_bytes: 31_000_000 + 20_000 * i,
      database_bytes: 9_000_000,
      deliveries: 0,
    }));
    await route.fulfill({ response, json: stats });
  });
  await page.goto("overview");
  await expect(page.getByText(/of .* runs in the last hour failed/)).toBeVisible();
  const figure = page.getByRole("figure", { name: "Executions per minute" });
  await expect(figure.locator("canvas")).toBeVisible();
  const counted = page.getByRole("region", { name: "Since the start" });
  for (const name of ["scripts 2xx", "scripts 5xx", "success", "instructions", "syncs", "checkpoint", "records written", "modules"]) {
    await expect(counted.getByText(name, { exact: true })).toBeVisible();
  }
  await check("overview");
  await figure.locator(".chart").hover();
  await expect(figure.getByRole("list")).toContainText(/\d\d:\d\d.*all \d+.*failed \d+/s);
  await page.mouse.move(0, 0);
  await figure.getByRole("button", { name: "Table: Executions per minute" }).click();
  await expect(figure.getByRole("row")).toHaveCount(61);
  await page.getByRole("button", { name: "Last day" }).click();
  await expect(page).toHaveURL(/range=day/);
  await page.unrouteAll({ behavior: "ignoreErrors" }); // the page may just be asking again
});

test.describe("an instance in its first minute", () => {
  test.use({ storageState: nobody });

  test("shows its runs at once", async ({ page, context }) => {
    const server = await Server.start();
    await server.claim();
    await server.newScript("default", "once", "return 1", { method: "GET", path: "/once" });
    await signIn(context.request, server.url);
    await page.goto(`${server.url}/admin/overview`);
    await expect(page.getByText("Nothing has run since the start.")).toBeVisible();
    await fetch(`${server.url}/once`);
    await page.reload();
    await expect(page.getByText("1 run since the start, none failed.")).toBeVisible();
    await server.stop();
  });
});

test("settings show what is in force, where it came from, and no secret", async ({ page, check }) => {
  await page.goto("settings");
  const addr = page.getByRole("row", { name: "PICLOUD_ADDR" });
  await expect(addr).toContainText("127.0.0.1:0");
  await expect(addr).toContainText("flag");
  await expect(page.getByRole("row", { name: "PICLOUD_ADMIN_PASSWORD" })).toContainText("not set");
  await check("settings");
  await page.getByLabel("Show").selectOption("changed");
  await page.getByLabel("Search").fill("data");
  await expect(page.getByRole("row", { name: "PICLOUD_DATA" })).toBeVisible();
  await expect(addr).toBeHidden();
  await expect(page).toHaveURL(/q=data/);
});

test.describe("an instance in dev mode with two owners", () => {
  test.use({ storageState: nobody });

  test("warns of both on its overview", async ({ page, context, check }) => {
    const server = await Server.start({ PICLOUD_DEV_MODE: "true", PICLOUD_SMTP_HOST: "mail.test", PICLOUD_SMTP_USER: "pi", PICLOUD_SMTP_PASSWORD: "hidden-word" });
    await server.claim();
    await server.call("POST", "admins", { username: "grace", password: owner.password, role: "owner" });
    await signIn(context.request, server.url);
    await page.goto(`${server.url}/admin/overview`);
    await expect(page.getByText("dev mode is on")).toBeVisible();
    await page.getByRole("link", { name: "See the users" }).waitFor();
    await expect(page.getByText("The first minute is not over yet.").first()).toBeVisible();
    await check("overview-warnings");
    await page.goto(`${server.url}/admin/settings?from=changed`);
    await expect(page.getByRole("row", { name: "PICLOUD_SMTP_PASSWORD" })).toContainText("set, and not shown");
    await expect(page.getByRole("row", { name: "PICLOUD_DEV_MODE" })).toContainText("environment");
    expect(await page.content()).not.toContain("hidden-word");
    await server.stop();
  });
});

test("a backup is taken and saved", async ({ page, check }) => {
  await page.goto("backups");
  await expect(page.getByText("Have backups taken by themselves")).toBeVisible();
  await check("backups");
  const saved = page.waitForEvent("download");
  await page.getByRole("button", { name: "Take a backup now" }).click();
  const file = await saved;
  expect(file.suggestedFilename()).toMatch(/^picloud-.*\.db$/);
  const { readFileSync } = await import("node:fs");
  expect(readFileSync(await file.path()).subarray(0, 15).toString()).toBe("SQLite format 3");
  await expect(page.getByText("The backup is taken.")).toBeVisible();
});
