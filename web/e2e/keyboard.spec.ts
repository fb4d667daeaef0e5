// The story of a first day by the keyboard alone: nothing here clicks, or puts the focus anywhere but with Tab.
import type { Locator, Page } from "@playwright/test";
import { expect, nobody, test } from "./fixtures";
import { Server } from "./server";

type Role = Parameters<Page["getByRole"]>[0];

/** The hands of somebody who has no mouse. */
class Hands {
  constructor(private readonly page: Page) {}

  /** Presses Tab until the control has the focus, and sees at each stop on the way where it is. */
  async tabTo(control: Locator, { back = false } = {}): Promise<void> {
    const target = control.filter({ visible: true }).first();
    await target.waitFor();
    for (let i = 0; i < 120; i++) {
      if (await target.evaluate((node) => node.matches(":focus"))) {
        return;
      }
      await this.page.keyboard.press(back ? "Shift+Tab" : "Tab");
      expect(await this.page.evaluate(unmarkedFocus), `on the way to ${control} the focus is not to be seen`).toBe("");
    }
    throw new Error(`Tab does not lead to ${control}`);
  }

  async press(role: Role, name: string | RegExp, options?: { back?: boolean }): Promise<void> {
    await this.tabTo(this.page.getByRole(role, { name, exact: true }), options);
    await this.page.keyboard.press("Enter");
  }

  async unfold(summary: string): Promise<void> {
    await this.tabTo(this.page.locator("summary", { hasText: summary }));
    await this.page.keyboard.press("Enter");
  }

  async fill(label: string, text: string): Promise<void> {
    await this.tabTo(this.page.getByLabel(label, { exact: true }));
    await this.page.keyboard.press("ControlOrMeta+a");
    await this.page.keyboard.type(text);
  }

  /** Chooses from a list by the first letters of what it says. */
  async choose(label: string, letters: string): Promise<void> {
    await this.tabTo(this.page.getByLabel(label, { exact: true }));
    await this.page.keyboard.type(letters);
  }

  /** Goes to a page by the navigation, which stands before the content. */
  async follow(link: string | RegExp, heading = link): Promise<void> {
    await this.press("link", link, { back: true });
    await expect(this.page.getByRole("heading", { level: 1, name: heading })).toBeFocused();
  }

  /** Replaces the source of a script, saves it, and asks to leave the editor with the next Tab. */
  async write(script: string, source: string, version: number): Promise<void> {
    await this.tabTo(this.page.getByRole("textbox", { name: `Source of ${script}` }));
    await this.page.keyboard.press("ControlOrMeta+a");
    await this.page.keyboard.press("Delete"); // typed over, Chromium would copy colours, which the content security policy refuses
    await this.page.keyboard.type(source);
    await this.page.keyboard.press("ControlOrMeta+s");
    await expect(this.page.getByText(`Version ${version} is saved and in use.`)).toBeVisible();
    await this.page.keyboard.press("Escape");
  }
}

/** In the page: what has the focus and shows no ring, neither itself nor what is drawn around it; "" when it does. */
function unmarkedFocus(): string {
  let focused = document.activeElement;
  while (focused?.shadowRoot?.activeElement) {
    focused = focused.shadowRoot.activeElement;
  }
  if (!focused || focused === document.body) {
    return ""; // between the last control and the first, where the browser's own are
  }
  if (!focused.matches(":focus")) {
    return ""; // the calendar in a field for a date, which the browser draws, with its own ring
  }
  const outlined = (node: Element, part?: string) => {
    const { outlineStyle, outlineWidth, outlineColor } = getComputedStyle(node, part);
    return outlineStyle !== "none" && parseFloat(outlineWidth) >= 1 && !/, 0\)|transparent/.test(outlineColor);
  };
  for (let node: Node | null = focused; node && node !== document.body; node = node instanceof ShadowRoot ? node.host : node.parentNode) {
    if (node instanceof Element && (outlined(node) || outlined(node, "::after"))) {
      return "";
    }
  }
  return focused.outerHTML.slice(0, 200);
}

test.describe("by the keyboard alone", () => {
  test.use({ storageState: nobody, expected: /status of (401|502)/ });

  test("from the first run to an editor who sees no secret", async ({ page }) => {
    test.setTimeout(180_000);
    const server = await Server.start();
    const { keyboard } = page;
    const hands = new Hands(page);
    const count = () => fetch(`${server.url}/counter/coffee`).then(({ status }) => status);

    await test.step("first run, claim", async () => {
      await page.goto(`${server.url}/admin/#setup=${server.setupToken}`);
      await hands.fill("Name", "grace");
      await hands.fill("Password", "correct horse battery");
      await keyboard.press("Enter");
      await expect(page.getByRole("heading", { level: 1, name: "Welcome to PiCloud" })).toBeVisible();
    });
    await test.step("a template", async () => {
      await hands.follow("Scripts");
      await hands.press("link", "Templates");
      await hands.press("link", "Count something");
      await hands.press("button", "Install");
      await expect(page.getByText("Waiting for the first call of your device…")).toBeVisible();
      await hands.press("button", "Send this request as a test");
      await expect(page.getByText("It ran", { exact: true })).toBeVisible();
      await hands.press("link", "Open the script", { back: true });
    });
    const works = `if ctx.event then error("the printer is off") end log.info("counted by hand") return 1`;
    await test.step("edit, save, call, see the log", async () => {
      await hands.write("counter", works, 2);
      expect(await count()).toBe(200);
      await hands.tabTo(script(page, "Executions"), { back: true });
      await keyboard.press("Enter");
      await hands.press("button", /success.*GET \/counter\/coffee.*counted by hand/);
      await expect(page.getByRole("list", { name: "Log lines" })).toContainText("counted by hand");
    });
    await test.step("break it, see the line, roll back", async () => {
      await hands.tabTo(script(page, "Edit"), { back: true });
      await keyboard.press("Enter");
      await hands.write("counter", "local reading = nil return reading.value", 3);
      await hands.press("button", "Run version 3");
      await expect(page.locator(".cm-run-error")).toContainText("attempt to index");
      await hands.press("button", "Go to line 1");
      await expect(page.getByRole("textbox", { name: "Source of counter" })).toBeFocused();
      expect(await count()).toBe(502);
      await keyboard.press("Escape");
      await hands.tabTo(script(page, "Versions"), { back: true });
      await keyboard.press("Enter");
      await hands.press("link", "version 2");
      await hands.press("button", "Go back to version 2");
      await hands.press("button", "Go back");
      await expect(page.getByText("Version 4 has the source of version 2 and is in use.")).toBeVisible();
      expect(await count()).toBe(200);
    });
    await test.step("a clock whose run fails", async () => {
      await hands.follow("Triggers");
      await hands.press("button", "New trigger");
      await hands.fill("Name", "often");
      await hands.fill("Schedule", "@every 1s");
      await hands.unfold("When the script fails");
      await hands.fill("Attempts", "1");
      await hands.press("button", "Create trigger");
      await expect(page.getByRole("row").filter({ hasText: "often" })).toContainText("Every 1s");
      // Seldom from now on, once it has failed, so that what is replayed below stays the newest.
      await expect.poll(() => deadLetters(page)).toBeGreaterThan(0);
      await hands.press("link", "often");
      await hands.fill("Schedule", "@yearly");
      await hands.press("button", "Save");
      await expect(page.getByRole("row").filter({ hasText: "often" })).toContainText("Once a year");
    });
    await test.step("its dead letter, and the replay once the script is mended", async () => {
      await hands.follow("Scripts");
      await hands.press("link", "counter");
      await hands.write("counter", `kv.collection("printed"):incr("times") return 1`, 5);
      await hands.follow(/^Dead letters/);
      await hands.press("link", "Clock @every 1s");
      await hands.press("button", "Replay");
      await expect(page.getByText("replayed", { exact: true })).toBeVisible();
      await hands.follow("Data");
      await expect(async () => {
        await page.reload();
        await expect(page.getByRole("link", { name: "printed" })).toBeVisible({ timeout: 1_000 });
      }).toPass();
    });
    await test.step("a secret, and the invitation of an editor", async () => {
      await hands.follow("Secrets");
      await hands.press("button", "New secret");
      await hands.fill("Name", "PRINTER_KEY");
      await hands.fill("Value", "sesame, open the printer");
      await keyboard.press("Enter");
      await expect(page.getByRole("row", { name: "PRINTER_KEY" })).toBeVisible();
      await hands.follow("Users");
      await hands.press("button", "New user");
      await hands.fill("Name", "emil");
      await hands.fill("First password", "a password for emil");
      await hands.choose("Member of", "Default");
      await hands.choose("Role there", "Editor");
      await hands.press("button", "Create user");
      await expect(page.getByRole("region", { name: "Sign-in details" })).toContainText("a password for emil");
      await hands.press("button", "Done");
    });
    await test.step("the editor sees no secret", async () => {
      await hands.press("button", /^You:/, { back: true });
      await keyboard.press("End");
      await keyboard.press("Enter"); // Sign out
      await hands.fill("Name", "emil");
      await hands.fill("Password", "a password for emil");
      await keyboard.press("Enter");
      await hands.follow("Secrets");
      await expect(page.getByRole("row", { name: "PRINTER_KEY" })).toBeVisible();
      expect(await page.content()).not.toContain("sesame");
      await expect(page.getByRole("button", { name: /secret|Actions for/i })).toHaveCount(0);
      await expect(page.getByRole("link", { name: "Users" })).toHaveCount(0);
    });
    await server.stop();
  });
});

/** A tab of the script's page. */
const script = (page: Page, tab: string) => page.getByRole("navigation", { name: "Script" }).getByRole("link", { name: tab });

/** How many dead letters the app has, asked for as the page asks. */
const deadLetters = (page: Page) =>
  page.evaluate(async () => {
    const answer = await fetch(`${location.origin}/api/v1/admin/apps/default/dead-letters`);
    return ((await answer.json()) as { items: unknown[] }).items.length;
  });

test.describe("the editor", () => {
  test("tells how it is left, and waits for that however slow somebody types", async ({ page, app, server }) => {
    await page.clock.install();
    const id = await server.newScript(app, "slow", "return 1\n");
    await page.goto(`apps/${app}/scripts/${id}`);
    const editor = page.getByRole("textbox", { name: "Source of slow" });
    await expect(editor).toHaveAccessibleDescription(/press Escape, then Tab/);
    await expect(page.getByText("leaves the editor")).toBeVisible();
    const { keyboard } = page;
    await new Hands(page).tabTo(editor);
    await keyboard.press("Tab");
    await expect(editor).toHaveText(/^  return 1/);
    await keyboard.press("Escape");
    await page.clock.fastForward("05:00");
    await keyboard.press("Tab");
    await expect(editor).not.toBeFocused();
    // Who comes back, or types on after Esc, indents.
    await keyboard.press("Shift+Tab");
    await expect(editor).toBeFocused();
    await keyboard.press("Tab");
    await expect(editor).toHaveText(/^    return 1/);
    await keyboard.press("Escape");
    await keyboard.press("Home");
    await keyboard.press("Tab");
    await expect(editor).toHaveText(/^      return 1/);
    await expect(editor).toBeFocused();
  });
});
