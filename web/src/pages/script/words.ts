// How executions are put into words.
import type { Execution, LogLine, Status } from "../../api/executions";
import { parseJSON, writeJSON } from "../../api/json";

type Tone = "neutral" | "good" | "warn" | "bad" | "info";

const words: Record<Status, string> = {
  success: "success", error: "error", timeout: "timeout", instruction_limit: "too many instructions",
  memory_limit: "too much memory", sdk_call_limit: "too many SDK calls", rejected: "refused",
};

export const wordOf = (status: Status): string => words[status] ?? status;

export function toneOf(status: Status): Tone {
  return status === "success" ? "good" : status === "rejected" ? "warn" : "bad";
}

export function toneOfCode(status: number): Tone {
  return status >= 500 ? "bad" : status >= 400 ? "warn" : status >= 300 ? "info" : "good";
}

export function toneOfLevel(level: LogLine["level"]): Tone {
  return level === "error" ? "bad" : level === "warn" ? "warn" : level === "info" ? "info" : "neutral";
}

/** What started a run, in a few words. */
export function causeOf(run: Execution): string {
  if (run.request) {
    const { method, path, query } = run.request;
    return `${method} ${path}${query ? `?${query}` : ""}`;
  }
  return run.invocation_type === "test" ? "test event" : run.trigger_id ? "trigger" : "event";
}

/** The message of an error without the place that stands before it, which is shown apart. */
export function messageOf(error: { message: string; script: string; line: number }): string {
  const place = `${error.script}:${error.line}: `;
  return error.message.startsWith(place) ? error.message.slice(place.length) : error.message;
}

/** Text of a body for reading: JSON is laid out, anything else stays as it is. */
export function layOut(body: string): string {
  try {
    return writeJSON(parseJSON(body), 2);
  } catch {
    return body;
  }
}
