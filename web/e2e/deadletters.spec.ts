import { expect, test } from "./fixtures";
import type { Server } from "./server";

interface Letters {
  items: { id: string; state: string }[];
}

/** A topic trigger with one attempt, and so many events for it that its script fails on. */
async function failedEvents(server: Server, app: string, count: number): Promise<{ script: string }> {
  const script = await server.newScript(app, "handler", `error("the heater does not answer")`);
  const trigger = { script_id: script, name: "heater", topic: { filter: "heat/#" }, retry: { max_attempts: 1 } };
  await server.call("POST", `apps/${app}/triggers/topic`, trigger);
  const publisher = await server.newScript(app, "publisher", `for i = 1, ${count} do topics.publish("heat/" .. i, { on = true }) end`);
  await server.call("POST", `scripts/${publisher}/invoke`, { request: { method: "POST", path: "/" } });
  await expect.poll(() => server.call<Letters>("GET", `apps/${app}/dead-letters`).then(({ items }) => items.length)).toBe(count);
  return { script };
}

test("a dead letter shows what failed, and is resolved with a note", async ({ page, app, server, check }) => {
  await page.goto(`apps/${app}/dead-letters`);
  await expect(page.getByRole("heading", { name: "Nothing waits for you" })).toBeVisible();
  await failedEvents(server, app, 1);
  await page.reload();
  await expect(page.getByRole("link", { name: /Dead letters.*unresolved: 1/ })).toBeVisible();
  await check("dead-letters");
  await page.getByRole("link", { name: "heat/1" }).click();
  await expect(page.getByRole("table", { name: "Attempts" })).toContainText("the heater does not answer");
  await expect(page.getByRole("region", { name: "Event", exact: true }).last()).toContainText('"topic": "heat/1"');
  await check("dead-letter");
  await page.getByRole("button", { name: "Resolve…" }).click();
  await page.getByLabel("Note").fill("the heater was off");
  await page.getByRole("button", { name: "Resolve", exact: true }).click();
  await expect(page.getByText("Note: the heater was off")).toBeVisible();
  await expect(page.getByRole("button", { name: "Replay" })).toHaveCount(0);
  await expect(page.getByRole("link", { name: /Dead letters.*unresolved/ })).toHaveCount(0);
  await page.getByRole("link", { name: "All dead letters" }).click();
  await page.getByLabel("Show").selectOption("Resolved");
  await expect(page.getByRole("row").filter({ hasText: "heat/1" })).toContainText("resolved");
});

test("all are replayed once the script is mended, also while one looks elsewhere", async ({ page, app, server, check }) => {
  const { script } = await failedEvents(server, app, 12);
  await page.goto(`apps/${app}/dead-letters`);
  await server.call("PATCH", `scripts/${script}`, { source: `kv.collection("heated"):incr("times")` });
  await page.getByRole("button", { name: "Replay all…" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Replay all", exact: true }).click();
  await page.getByRole("link", { name: "Waiting" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Waiting deliveries" })).toBeVisible();
  await page.getByRole("link", { name: "Dead letters", exact: true }).last().click();
  await expect(page.getByRole("status").filter({ hasText: "12 of 12 dead letters replayed" })).toBeVisible();
  await check("dead-letters-replayed");
  await expect.poll(() => server.call<{ value: number }>("GET", `apps/${app}/kv/heated/times`).then(({ value }) => value)).toBe(12);
});

test("deliveries that are held say why, abandoned requests what came of them", async ({ page, app, server, check }) => {
  const { script } = await failedEvents(server, app, 1);
  await server.call("PATCH", `scripts/${script}`, { enabled: false });
  const [letter] = (await server.call<Letters>("GET", `apps/${app}/dead-letters`)).items;
  await server.call("POST", `dead-letters/${letter!.id}/replay`);
  await page.goto(`apps/${app}/dead-letters/waiting`);
  await expect(page.getByRole("row").filter({ hasText: "heat/1" })).toContainText("not now: the script is off");
  await check("waiting-held");

  await server.newScript(app, "slow", `time.sleep(700) return "late"`, { method: "GET", path: `/${app}/slow` });
  // A call that is given up before it has reached the server leaves nothing, so it is made again.
  const given = async () => {
    await fetch(`${server.url}/${app}/slow`, { signal: AbortSignal.timeout(300) }).catch(() => null);
    return (await server.call<Letters>("GET", `apps/${app}/abandoned-executions`)).items.length;
  };
  await expect.poll(given).toBeGreaterThan(0);
  await page.goto(`apps/${app}/dead-letters/abandoned`);
  await expect(page.getByRole("row").filter({ hasText: `GET /${app}/slow` }).first()).toContainText("200");
  await check("abandoned");
});
