// The client of PiCloud's HTTP API. It is the only file that calls fetch.

export interface User {
  id: string;
  username: string;
  role: "owner" | "admin" | "member";
}

interface Session {
  user: User;
}

export interface Version {
  product: string;
}

export interface AppInfo {
  id: string;
  slug: string;
  name: string;
  description: string;
  my_role?: string;
}

export interface Script {
  id: string;
  name: string;
  kind: "endpoint" | "module";
  version: number;
  enabled: boolean;
}

export interface Route {
  id: string;
  script_id: string;
  method: string;
  host_kind: string;
  host: string;
  path: string;
  dispatch_mode: string;
}

interface Page<Item> {
  items: Item[];
  next_cursor?: string | null;
}

interface Failure {
  code: string;
  message: string;
  details?: Record<string, unknown>;
}

/** The longest a call may take. Hashing a password on a small Pi with a queue before it takes a few seconds. */
const timeoutMs = 20_000;

/** The most items a page of a list may have. */
const pageSize = 200;

/** ApiError is any call that did not succeed; status is 0 when no answer came. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly details: Record<string, unknown> = {},
    readonly requestId: string | null = null,
  ) {
    super(message);
  }

  /** Whether the server could not be reached at all. */
  get offline(): boolean {
    return this.status === 0;
  }
}

/** Turns whatever a call threw into an ApiError, so that every page shows it in the same way. */
export function asApiError(thrown: unknown): ApiError {
  if (thrown instanceof ApiError) {
    return thrown;
  }
  return new ApiError(0, "page_error", thrown instanceof Error ? thrown.message : String(thrown));
}

/**
 * Api calls the server as one person. Their session is in a cookie that no script can read, this one included: the
 * browser keeps it, sends it with each call, and forgets it at sign-out.
 */
export class Api {
  /** Called when the server no longer accepts the session. */
  onSessionEnd: () => void = () => {};

  #user: User | null = null;

  constructor(readonly root: URL) {}

  async setup(token: string, username: string, password: string): Promise<User> {
    return this.#begin(await this.#admin<Session>("POST", "auth/setup", { token, username, password, cookie: true }));
  }

  async login(username: string, password: string): Promise<User> {
    return this.#begin(await this.#admin<Session>("POST", "auth/login", { username, password, cookie: true }));
  }

  /** The person whose session the browser still has; null when it has none that lives. */
  async resume(): Promise<User | null> {
    try {
      this.#user = await this.#call<User>("GET", "api/v1/admin/auth/me");
    } catch (thrown) {
      if (!(thrown instanceof ApiError) || thrown.status !== 401) {
        throw thrown;
      }
      this.#user = null;
    }
    return this.#user;
  }

  /** Fails when the server could not be told; the session then goes on until it ends by itself. */
  async logout(): Promise<void> {
    this.#user = null;
    try {
      await this.#call("POST", "api/v1/admin/auth/logout", {});
    } catch (thrown) {
      if (!(thrown instanceof ApiError) || thrown.status !== 401) {
        throw thrown;
      }
    }
  }

  version(): Promise<Version> {
    return this.#call<Version>("GET", "version");
  }

  apps(): Promise<AppInfo[]> {
    return this.#list<AppInfo>("apps");
  }

  scripts(slug: string): Promise<Script[]> {
    return this.#list<Script>(`apps/${encodeURIComponent(slug)}/scripts`);
  }

  routes(slug: string): Promise<Route[]> {
    return this.#list<Route>(`apps/${encodeURIComponent(slug)}/routes`);
  }

  #begin(session: Session): User {
    this.#user = session.user;
    return session.user;
  }

  async #list<Item>(path: string): Promise<Item[]> {
    const items: Item[] = [];
    let cursor = "";
    do {
      const query = new URLSearchParams({ limit: String(pageSize) });
      if (cursor) {
        query.set("cursor", cursor);
      }
      const page = await this.#admin<Page<Item>>("GET", `${path}?${query}`);
      items.push(...page.items);
      cursor = page.next_cursor ?? "";
    } while (cursor);
    return items;
  }

  async #admin<Answer>(method: string, path: string, body?: unknown): Promise<Answer> {
    const user = this.#user;
    try {
      return await this.#call<Answer>(method, `api/v1/admin/${path}`, body);
    } catch (thrown) {
      if (user && user === this.#user && thrown instanceof ApiError && thrown.status === 401) {
        this.#user = null;
        this.onSessionEnd();
      }
      throw thrown;
    }
  }

  async #call<Answer>(method: string, path: string, body?: unknown): Promise<Answer> {
    const response = await this.#send(method, path, body);
    const text = await response.text().catch(() => {
      throw noAnswer();
    });
    if (!response.ok) {
      throw failureOf(response, text);
    }
    return (text === "" ? undefined : parse(text, response)) as Answer;
  }

  async #send(method: string, path: string, body?: unknown): Promise<Response> {
    const headers = new Headers({ Accept: "application/json" });
    if (method !== "GET") {
      // Also without a body: forms of other sites cannot send this type, and the server insists on it.
      headers.set("Content-Type", "application/json");
    }
    try {
      return await fetch(new URL(path, this.root), {
        method,
        headers,
        body: body === undefined ? undefined : JSON.stringify(body),
        credentials: "same-origin",
        cache: "no-store",
        signal: AbortSignal.timeout(timeoutMs),
      });
    } catch {
      throw noAnswer();
    }
  }
}

function noAnswer(): ApiError {
  return new ApiError(
    0,
    "no_answer",
    "PiCloud does not answer. Check that it is running and that this device is on its network.",
  );
}

function failureOf(response: Response, text: string): ApiError {
  const requestId = response.headers.get("X-Request-Id");
  const failure = readFailure(text);
  if (failure) {
    return new ApiError(response.status, failure.code, failure.message, failure.details ?? {}, requestId);
  }
  const message = `The answer was status ${response.status} without a reason. Something other than PiCloud may have sent it.`;
  return new ApiError(response.status, "unexpected_answer", message, {}, requestId);
}

function readFailure(text: string): Failure | null {
  try {
    const failure: unknown = JSON.parse(text)?.error;
    return isFailure(failure) ? failure : null;
  } catch {
    return null;
  }
}

function isFailure(value: unknown): value is Failure {
  const failure = value as Partial<Failure> | null | undefined;
  return typeof failure?.code === "string" && typeof failure.message === "string";
}

function parse(text: string, response: Response): unknown {
  try {
    return JSON.parse(text);
  } catch {
    const requestId = response.headers.get("X-Request-Id");
    const message = "The answer is not JSON. Something other than PiCloud may have sent it.";
    throw new ApiError(response.status, "unexpected_answer", message, {}, requestId);
  }
}
