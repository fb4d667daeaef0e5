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
    private readonly process: ChildProcess,
    private readonly folder: string,
  ) {}

  /** Starts a server that nobody has claimed. */
  static async start(environment: Record<string, string> = {}): Promise<Server> {
    const binary = process.env.PICLOUD_BINARY;
    if (!binary) {
      throw new Error("PICLOUD_BINARY names no server");
    }
    const folder = mkdtempSync(join(tmpdir(), "picloud-e2e-"));
    const child = spawn(binary, ["serve", "--addr", "127.0.0.1:0", "--data", join(folder, "data")], {
      env: { PATH: process.env.PATH, HOME: folder, ...environment },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let log = "";
    child.stderr.on("data", (data) => (log += data));
    for await (const line of createInterface(child.stdout)) {
      const link = /(http:\S+)\/admin\/(?:#setup=(\S+))?/.exec(line);
      if (link) {
        child.stdout.resume();
        return new Server(`http://127.0.0.1:${new URL(link[1]!).port}`, link[2] ?? "", child, folder);
      }
    }
    rmSync(folder, { recursive: true, force: true });
    throw new Error(`the server did not say where it listens; its log:\n${log}`);
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
    if (this.process.exitCode === null && this.process.kill("SIGKILL")) {
      await once(this.process, "exit");
    }
    rmSync(this.folder, { recursive: true, force: true });
  }
}
