// What every test gets: a server that the owner has claimed (one for each of Playwright's workers), an app of its own,
// and a page in a browser that is signed in. A test fails when its page logs an error or calls another host.
import { test as base, expect, type BrowserContext, type Locator, type Page, type Request } from "@playwright/test";
import { checkPage } from "./checks";
import { owner, Server } from "./server";

type StorageState = Awaited<ReturnType<BrowserContext["storageState"]>>;

interface WorkerFixtures {
  server: Server;
  signedIn: StorageState;
}

interface TestFixtures {
  /** The slug of an app that this test alone uses. */
  app: string;
  /** Looks at the page as it stands: accessibility, widths, themes; takes the screenshots of that name. */
  check: (name: string, subject?: Locator) => Promise<void>;
  /** Errors that the test expects in the console, such as an answer of 409, that browsers log. */
  expected: RegExp | null;
  watched: void;
}

export const nobody: StorageState = { cookies: [], origins: [] };

export const test = base.extend<TestFixtures, WorkerFixtures>({
  server: [
    async ({}, use) => {
      const server = await Server.start();
      await server.claim();
      await use(server);
      await server.stop();
    },
    { scope: "worker" },
  ],
  signedIn: [
    async ({ server, playwright }, use) => {
      const request = await playwright.request.newContext();
      await signIn(request, server.url);
      await use(await request.storageState());
      await request.dispose();
    },
    { scope: "worker" },
  ],
  storageState: async ({ signedIn }, use) => use(signedIn),
  baseURL: async ({ server }, use) => use(`${server.url}/admin/`),
  app: async ({ server }, use) => use(await server.newApp()),
  check: async ({ page }, use) => use((name, subject) => checkPage(page, name, subject)),
  expected: [null, { option: true }],
  watched: [
    async ({ page, expected }, use) => {
      const complaints = watch(page);
      await use();
      expect(complaints.filter((complaint) => !expected?.test(complaint))).toEqual([]);
    },
    { auto: true },
  ],
});

export { expect };

/** Signs in as the browser does, so that the session is in its cookie. */
export async function signIn(request: BrowserContext["request"], url: string, who = owner): Promise<void> {
  const response = await request.post(`${url}/api/v1/admin/auth/login`, { data: { ...who, cookie: true } });
  expect(response.ok(), await response.text()).toBe(true);
}

function watch(page: Page): string[] {
  const complaints: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") {
      complaints.push(`${message.text()} (${message.location().url})`);
    }
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("request", (request: Request) => {
    const { protocol, hostname } = new URL(request.url());
    if (hostname !== "127.0.0.1" && protocol.startsWith("http")) {
      complaints.push(`a request to another host: ${request.url()}`);
    }
  });
  return complaints;
}
