// The client of PiCloud's HTTP API: the only file that calls fetch. The files beside it hold the calls, one noun each.
//
// The person's session is in a cookie that no script can read, this one included: the browser keeps it, sends it with
// each call, and forgets it at sign-out.
import { parseJSON, writeJSON } from "./json";
import type { Schemas } from "./types";

/** One page of a list; next_cursor asks for the next; the last has none. */
export interface Page<Item> {
  items: Item[];
  next_cursor?: string | null;
}

/** What follows the question mark; empty and missing values are left out. */
export type Query = Record<string, string | number | boolean | null | undefined>;

export interface CallOptions {
  query?: Query;
  body?: unknown;
  signal?: AbortSignal;
  /** The longest the call may take. */
  timeoutMs?: number;
}

type Failure = Schemas["ErrorContent"];

/** Hashing a password on a small Pi with a queue before it takes a few seconds. */
const defaultTimeoutMs = 20_000;

/** The most items that a page of a list may have (spec 2). */
const largestPage = 200;

// The built files lie in <page>/assets/, in development in /src/; one level up is the page, two are the server's root,
// whatever a proxy puts before it. A variable, because the bundler takes the literal form for a file to copy.
const thisFile = import.meta.url;
const folder = import.meta.env.DEV ? "/src/" : "/assets/";

/** Where the page's own addresses begin; ends in a slash. */
export const pageRoot = new URL(thisFile.slice(0, thisFile.lastIndexOf(folder) + 1));

/** The server's root, below which scripts answer; ends in a slash. */
export const serverRoot = import.meta.env.DEV ? pageRoot : new URL("../", pageRoot);

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
    return this.status === 0 && this.code === "no_answer";
  }

  /** The field of the body that the server complains about; "" when it is about none. */
  get field(): string {
    return typeof this.details.field === "string" ? this.details.field : "";
  }
}

/** Turns whatever a call threw into an ApiError, so that every page shows it in the same way. */
export function asApiError(thrown: unknown): ApiError {
  if (thrown instanceof ApiError) {
    return thrown;
  }
  return new ApiError(0, "page_error", thrown instanceof Error ? thrown.message : String(thrown));
}

/** Whether a call ended because the page no longer wants its answer. */
export function isAbort(thrown: unknown): boolean {
  return thrown instanceof DOMException && thrown.name === "AbortError";
}

/** Writes a path with each value as one segment: path`apps/${slug}/kv/${collection}/${key}`. */
export function path(parts: TemplateStringsArray, ...values: (string | number)[]): string {
  return String.raw({ raw: parts }, ...values.map((value) => encodeURIComponent(value)));
}

/** A query as it stands in an address, with its question mark; "" when nothing is left of it. */
export function searchOf(query: Query): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== null && value !== "");
  const search = new URLSearchParams(given.map(([name, value]) => [name, String(value)]));
  return search.size === 0 ? "" : `?${search}`;
}

/** The address of a call of the control plane, for links and event streams. */
export function adminURL(relative: string, query: Query = {}): URL {
  return new URL(`api/v1/admin/${relative}${searchOf(query)}`, serverRoot);
}

/** A header tells whole seconds, and an answer is on its way for a while. */
const clocksAgreeWithinMs = 10_000;

let aheadMs = 0;

/** How far the server's clock is ahead of this browser's, in milliseconds; 0 when they agree. */
export const serverIsAheadBy = (): number => (Math.abs(aheadMs) < clocksAgreeWithinMs ? 0 : aheadMs);

type Watcher = (error: ApiError | null) => void;

let watch: Watcher = () => {};

/** Has every call of a page tell how it ended, with null when well. The session listens. */
export function watchCalls(watcher: Watcher): void {
  watch = watcher;
}

export const get = <Answer>(relative: string, options?: CallOptions) => call<Answer>("GET", relative, options);
export const post = <Answer>(relative: string, body: unknown = {}, options?: CallOptions) =>
  call<Answer>("POST", relative, { ...options, body });
export const put = <Answer>(relative: string, body: unknown, options?: CallOptions) =>
  call<Answer>("PUT", relative, { ...options, body });
export const patch = <Answer>(relative: string, body: unknown, options?: CallOptions) =>
  call<Answer>("PATCH", relative, { ...options, body });
export const remove = (relative: string, options?: CallOptions) => call<void>("DELETE", relative, options);

/** Calls the control plane; relative is below /api/v1/admin/. */
export const call = <Answer>(method: string, relative: string, options: CallOptions = {}): Promise<Answer> =>
  callWatched<Answer>(method, adminURL(relative, options.query), options);

/** Calls any address of the server and tells how it ended. */
export async function callWatched<Answer>(method: string, url: URL, options: CallOptions = {}): Promise<Answer> {
  try {
    const answer = await callURL<Answer>(method, url, options);
    watch(null);
    return answer;
  } catch (thrown) {
    if (!isAbort(thrown)) {
      watch(asApiError(thrown));
    }
    throw thrown;
  }
}

/** All items of a list, page after page. For lists that are short by nature; long ones are shown page by page. */
export async function getAll<Item>(relative: string, options: CallOptions = {}): Promise<Item[]> {
  const items: Item[] = [];
  let cursor: string | null = null;
  do {
    const query: Query = { ...options.query, limit: largestPage, cursor };
    const page: Page<Item> = await get<Page<Item>>(relative, { ...options, query });
    items.push(...page.items);
    cursor = page.next_cursor ?? null;
  } while (cursor);
  return items;
}

/** Calls the control plane and has the browser save what it answers, under the name that the server gives. */
export async function saveAnswer(method: string, relative: string, options: CallOptions = {}): Promise<void> {
  const response = await send(method, adminURL(relative, options.query), options);
  if (!response.ok) {
    throw failureOf(response, await response.text().catch(() => ""));
  }
  const content = await response.blob().catch(() => {
    throw noAnswer();
  });
  const link = document.createElement("a");
  link.href = URL.createObjectURL(content);
  link.download = /filename="([^"]+)"/.exec(response.headers.get("Content-Disposition") ?? "")?.[1] ?? "picloud";
  link.click();
  // The browser has taken hold of the content by then, however long saving it lasts.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

/** Calls any address of the server, unwatched: what asks for the session itself. */
export async function callURL<Answer>(method: string, url: URL, options: CallOptions = {}): Promise<Answer> {
  const response = await send(method, url, options);
  const text = await response.text().catch((thrown) => {
    throw options.signal?.aborted ? thrown : noAnswer();
  });
  if (!response.ok) {
    throw failureOf(response, text);
  }
  return (text === "" ? undefined : parse(text, response)) as Answer;
}

async function send(method: string, url: URL, options: CallOptions): Promise<Response> {
  const headers = new Headers({ Accept: "application/json" });
  if (method !== "GET") {
    // Also without a body: forms of other sites cannot send this type, and the server insists on it.
    headers.set("Content-Type", "application/json");
  }
  const timeout = AbortSignal.timeout(options.timeoutMs ?? defaultTimeoutMs);
  try {
    const response = await fetch(url, {
      method,
      headers,
      body: options.body === undefined ? undefined : writeJSON(options.body),
      credentials: "same-origin",
      cache: "no-store",
      signal: options.signal ? AbortSignal.any([options.signal, timeout]) : timeout,
    });
    aheadMs = Date.parse(response.headers.get("Date") ?? "") - Date.now() || 0;
    return response;
  } catch (thrown) {
    throw options.signal?.aborted ? thrown : noAnswer();
  }
}

function noAnswer(): ApiError {
  const message = "PiCloud does not answer. Check that it is running and that this device is on its network.";
  return new ApiError(0, "no_answer", message);
}

function failureOf(response: Response, text: string): ApiError {
  const requestId = response.headers.get("X-Request-Id");
  const failure = readFailure(text);
  if (failure) {
    return new ApiError(response.status, failure.code, sentence(failure.message), failure.details ?? {}, requestId);
  }
  const message = `The answer was status ${response.status} without a reason. Something other than PiCloud may have sent it.`;
  return new ApiError(response.status, "unexpected_answer", message, {}, requestId);
}

/** The API's messages may stand inside a sentence; here each begins one. A name at its front stays as it is. */
export const sentence = (message: string): string => message.replace(/^[a-z]+(?![\w.]|:\S)/, (word) => capital(word));

const capital = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1);

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
    return parseJSON(text);
  } catch {
    const requestId = response.headers.get("X-Request-Id");
    const message = "The answer is not JSON. Something other than PiCloud may have sent it.";
    throw new ApiError(response.status, "unexpected_answer", message, {}, requestId);
  }
}
