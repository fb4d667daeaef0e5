// The real server on a free port, with a data folder of its own.
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

export const owner = { username: "ada", password: "correct horse battery" };

export class Server {
  /** The owner's session for calls of the API, once claimed. */
  #token = "";
  #apps = 0;

  private constructor(
    readonly url: string,
    readonly setupToken: string,
    private process: ChildProcess,
    private readonly folder: string,
    private readonly environment: Record<string, string>,
  ) {}

  /** Starts a server that nobody has claimed. */
  static async start(environment: Record<string, string> = {}): Promise<Server> {
    const folder = mkdtempSync(join(tmpdir(), "picloud-e2e-"));
    const { child, link } = await spawnServer("127.0.0.1:0", folder, environment);
    const url = new URL(link);
    const token = new URLSearchParams(url.hash.slice(1)).get("setup") ?? "";
    return new Server(`http://127.0.0.1:${url.port}`, token, child, folder, environment);
  }

  /** Kills the server; comeBack starts it again with what it has stored, at the same address. */
  async goAway(): Promise<void> {
    if (this.process.exitCode === null && this.process.kill("SIGKILL")) {
      await once(this.process, "exit");
    }
  }

  async comeBack(): Promise<void> {
    this.process = (await spawnServer(new URL(this.url).host, this.folder, this.environment)).child;
  }

  /** Makes the owner. */
  async claim(): Promise<void> {
    const { token } = await this.call<{ token: string }>("POST", "auth/setup", { token: this.setupToken, ...owner });
    this.#token = token;
  }

  /** A call of the API as the owner; it fails unless the answer is a success. */
  async call<Answer = unknown>(method: string, path: string, body?: unknown): Promise<Answer> {
    const response = await fetch(`${this.url}/api/v1/admin/${path}`, {
      method,
      headers: { "Content-Type": "application/json", ...(this.#token ? { Authorization: `Bearer ${this.#token}` } : {}) },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await response.text();
    if (!response.ok) {
      throw new Error(`${method} ${path}: ${response.status} ${text}`);
    }
    return (text ? JSON.parse(text) : undefined) as Answer;
  }

  /** Makes an app for one test alone and returns its slug. */
  async newApp(name = "Home"): Promise<string> {
    const slug = `${name.toLowerCase().replace(/[^a-z0-9]+/g, "-")}-${++this.#apps}`;
    await this.call("POST", "apps", { slug, name });
    return slug;
  }

  /** Saves a script that a path answers with; returns its id. */
  async newScript(app: string, name: string, source: string, route?: { method: string; path: string }): Promise<string> {
    const { id } = await this.call<{ id: string }>("POST", `apps/${app}/scripts`, { name, source });
    if (route) {
      await this.call("POST", `scripts/${id}/routes`, route);
    }
    return id;
  }

  /** Makes somebody else, with a role in an app. */
  async newMember(username: string, app: string, role: string): Promise<void> {
    await this.call("POST", "admins", { username, password: owner.password, role: "member" });
    await this.call("PUT", `apps/${app}/members/${username}`, { role });
  }

  async stop(): Promise<void> {
    await this.goAway();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Starts a server and waits until it prints the link to its page. */
async function spawnServer(
  address: string,
  folder: string,
  environment: Record<string, string>,
): Promise<{ child: ChildProcess; link: string }> {
  const binary = process.env.PICLOUD_BINARY;
  if (!binary) {
    throw new Error("PICLOUD_BINARY names no server");
  }
  const child = spawn(binary, ["serve", "--addr", address, "--data", join(folder, "data")], {
    env: { PATH: process.env.PATH, HOME: folder, ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  // A test that fails before it stops its server must not leave it behind.
  process.once("exit", () => child.kill("SIGKILL"));
  let log = "";
  child.stderr.on("data", (data) => (log += data));
  for await (const line of createInterface(child.stdout)) {
    const link = /http:\S+\/admin\/\S*/.exec(line)?.[0];
    if (link) {
      child.stdout.resume();
      return { child, link };
    }
  }
  throw new Error(`the server did not say where it listens; its log:\n${log}`);
}
