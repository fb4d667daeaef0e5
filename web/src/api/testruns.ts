import { get, path, post, type CallOptions } from "./client";
import type { Description } from "../editor/sdk";
import type { Problem } from "../editor/problems";
import type { Execution, Header } from "./executions";

export interface TestRequest {
  method: string;
  path: string;
  headers: Record<string, string[]>;
  body: string;
}

export interface TestEvent {
  kind: string;
  [field: string]: unknown;
}

export interface TestRun {
  response: { status: number; headers: Header[]; body: string; body_base64?: boolean };
  execution: Execution;
}

/** A run may take as long as the highest ceiling, 300 s (spec 4), and a little to get there. */
const runTimeoutMs = 310_000;

/** Runs the saved script with a request or an event of the page's making. */
export const testRun = (script: string, input: { request: TestRequest } | { event: TestEvent }, signal?: AbortSignal) =>
  post<TestRun>(path`scripts/${script}/invoke`, input, { signal, timeoutMs: runTimeoutMs });

/** What would stand in the way of saving a source, and what is likely wrong with it. */
export const checkScript = (name: string, source: string, signal: AbortSignal) =>
  post<{ diagnostics: Problem[] }>("scripts:check", { name, source }, { signal }).then((answer) => answer.diagnostics);

export const describeSDK = (options?: CallOptions) => get<Description>("sdk", options);
