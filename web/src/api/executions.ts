import { adminURL, get, path, type CallOptions, type Page } from "./client";
import type { QueryOf, Schemas } from "./types";

/** One run of a script. */
export type Execution = Schemas["Execution"];
export type ExecutionError = Schemas["ExecutionError"];
export type Header = Schemas["HeaderField"];
export type LogLine = Schemas["LogLine"];
export type Status = Schemas["ExecutionStatus"];

/** Every outcome of a run, the good one first. */
export const statuses = [
  "success",
  "error",
  "timeout",
  "instruction_limit",
  "memory_limit",
  "sdk_call_limit",
  "rejected",
] as const satisfies Status[];

/** Which executions a list has; script is for those of an app. */
export type ExecutionFilter = Omit<QueryOf<"listAppExecutions">, "limit" | "cursor">;

const pageSize = 50;

export const listExecutions = (script: string, filter: ExecutionFilter, cursor: string | null, options?: CallOptions) =>
  get<Page<Execution>>(path`scripts/${script}/logs`, { ...options, query: { ...filter, limit: pageSize, cursor } });
export const listAppExecutions = (app: string, filter: ExecutionFilter, cursor: string | null, options?: CallOptions) =>
  get<Page<Execution>>(path`apps/${app}/logs`, { ...options, query: { ...filter, limit: pageSize, cursor } });
export const showExecution = (id: string, options?: CallOptions) => get<Execution>(path`executions/${id}`, options);

/** The newest runs of a script, without turning pages. */
export const newestExecutions = (script: string, limit: number, options?: CallOptions) =>
  get<Page<Execution>>(path`scripts/${script}/logs`, { ...options, query: { limit } }).then((page) => page.items);

/** Where the live executions of an app come from, as server-sent events; after is the place from which to go on. */
export const streamURL = (app: string, filter: ExecutionFilter, after: string): URL =>
  adminURL(path`apps/${app}/logs/stream`, { ...filter, after });
