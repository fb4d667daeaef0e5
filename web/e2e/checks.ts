// What holds for every page, whatever is on it.
import AxeBuilder from "@axe-core/playwright";
import { expect, type Locator, type Page } from "@playwright/test";
import { join } from "node:path";

const widths = [360, 768, 1280];
const themes = ["light", "dark"] as const;
const screenshots = join(import.meta.dirname, "..", "..", "docs", "screenshots");

const takeScreenshots = Boolean(process.env.SCREENSHOTS);

/** Colours depend on the theme and layout on the width, so two looks find nearly all; the long form takes all six. */
const long = Boolean(process.env.PICLOUD_TEST_LONG);

/**
 * Fails when the page has serious findings of axe, scrolls sideways, or does not fill its place, in any width and theme.
 * What the page's pictures are about, such as an entry of a long list, is scrolled into sight.
 */
export async function checkPage(page: Page, name: string, subject?: Locator): Promise<void> {
  const before = page.viewportSize();
  for (const theme of themes) {
    await page.emulateMedia({ colorScheme: theme });
    for (const width of widths) {
      await page.setViewportSize({ width, height: 800 });
      await expectToFit(page, `${name} at ${width} px`);
      if (long || (theme === "light" && width === 1280) || (theme === "dark" && width === 360)) {
        await expectAccessible(page, `${name}, ${theme} at ${width} px`);
      }
      if (takeScreenshots && width !== 768) {
        await subject?.scrollIntoViewIfNeeded();
        const file = `${name}-${theme}-${width === 360 ? "phone" : "wide"}.png`;
        await page.screenshot({ path: join(screenshots, file), animations: "disabled", caret: "hide" });
      }
    }
  }
  await page.emulateMedia({ colorScheme: null });
  if (before) {
    await page.setViewportSize(before);
  }
}

async function expectToFit(page: Page, what: string): Promise<void> {
  const left = await page.evaluate(() => {
    const [main, frame] = ["main", "main > .page"].map((part) => document.querySelector(part)?.clientWidth ?? 0);
    return Math.min(main!, 736) - (frame || main!); // a narrow page is 46rem wide
  });
  expect(left, `${what} leaves room beside its page`).toBeLessThanOrEqual(0);
  const tooWide = await page.evaluate(() => {
    const { clientWidth, scrollWidth } = document.documentElement;
    return scrollWidth > clientWidth ? `${scrollWidth} px in ${clientWidth}` : "";
  });
  expect(tooWide, `${what} scrolls sideways`).toBe("");
}

async function expectAccessible(page: Page, what: string): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).setLegacyMode(true).analyze();
  const serious = violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, nodes }) => `${id}: ${nodes.map((node) => `${node.html} ${node.failureSummary}`).join("; ")}`);
  expect(serious, what).toEqual([]);
}
