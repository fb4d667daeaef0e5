import { adminURL, get, path, type CallOptions, type Page } from "./client";

export const statuses = [
  "success", "error", "timeout", "instruction_limit", "memory_limit", "sdk_call_limit", "rejected",
] as const;
export type Status = (typeof statuses)[number];

export interface Header {
  name: string;
  value: string;
}

export interface LogLine {
  at: string;
  level: "trace" | "debug" | "info" | "warn" | "error";
  message: string;
  data?: unknown;
}

/** A body that is not text is base64. body_bytes is its whole length; the body itself may be cut. */
interface Recorded {
  headers: Header[];
  body: string;
  body_base64?: boolean;
  body_bytes: number;
}

export interface RecordedRequest extends Recorded {
  method: string;
  path: string;
  query: string;
}

export interface RecordedResponse extends Recorded {
  status: number;
}

export interface ExecutionError {
  code: string;
  message: string;
  script: string;
  line: number;
  traceback: string;
}

/** One run of a script. */
export interface Execution {
  id: string;
  app_id: string;
  script_id: string;
  script_version: number;
  request_id: string;
  invocation_type: "http" | "execute" | "trigger" | "test";
  trigger_id: string | null;
  status: Status;
  status_code: number;
  started_at: string;
  duration_ms: number;
  usage: { instructions: number; memory_bytes: number; sdk_calls: number };
  error: ExecutionError | null;
  logs: LogLine[];
  logs_dropped: number;
  request: RecordedRequest | null;
  response: RecordedResponse | null;
}

/** Which executions a list has; times are RFC 3339. */
export interface ExecutionFilter {
  status?: string;
  since?: string;
  until?: string;
  text?: string;
}

const pageSize = 50;

export const listExecutions = (script: string, filter: ExecutionFilter, cursor: string | null, options?: CallOptions) =>
  get<Page<Execution>>(path`scripts/${script}/logs`, { ...options, query: { ...filter, limit: pageSize, cursor } });
export const listAppExecutions = (app: string, filter: ExecutionFilter, cursor: string | null, options?: CallOptions) =>
  get<Page<Execution>>(path`apps/${app}/logs`, { ...options, query: { ...filter, limit: pageSize, cursor } });
export const showExecution = (id: string, options?: CallOptions) => get<Execution>(path`executions/${id}`, options);

/** The newest runs of a script, or of all scripts of an app, without turning pages. */
export const newestExecutions = (script: string, limit: number, options?: CallOptions) =>
  get<Page<Execution>>(path`scripts/${script}/logs`, { ...options, query: { limit } }).then((page) => page.items);
export const newestAppExecutions = (app: string, limit: number, options?: CallOptions) =>
  get<Page<Execution>>(path`apps/${app}/logs`, { ...options, query: { limit } }).then((page) => page.items);

/** Where the live executions of an app come from, as server-sent events. */
export const streamURL = (app: string): URL => adminURL(path`apps/${app}/logs/stream`);
