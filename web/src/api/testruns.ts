import { get, path, post, type CallOptions } from "./client";
import type { Schemas } from "./types";

export type TestRequest = Schemas["InvokeRequest"];
export type TestRun = Schemas["TestRun"];

/** An event as a trigger would bring it: its kind and the fields of that. */
export type TestEvent = NonNullable<Schemas["InvokeBody"]["event"]>;

/** A run may take as long as the highest ceiling, 300 s (spec 4), and a little to get there. */
const runTimeoutMs = 310_000;

/** Runs the saved script with a request or an event of the page's making. */
export const testRun = (script: string, input: { request: TestRequest } | { event: TestEvent }, signal?: AbortSignal) =>
  post<TestRun>(path`scripts/${script}/invoke`, input, { signal, timeoutMs: runTimeoutMs });

/** What would stand in the way of saving a source, and what is likely wrong with it. */
export const checkScript = (name: string, source: string, signal: AbortSignal) =>
  post<Schemas["Diagnosis"]>("scripts:check", { name, source }, { signal }).then((answer) => answer.diagnostics);

export const describeSDK = (options?: CallOptions) => get<Schemas["Description"]>("sdk", options);
