// What a test run is given, as the person types it; kept per script while the page is open.
import { parseJSON } from "../../api/json";
import type { TestEvent, TestRequest } from "../../api/testruns";

export const eventKinds = ["cron", "kv", "docs", "topic", "dead_letter"] as const;
export type EventKind = (typeof eventKinds)[number];

export interface TestInput {
  mode: "request" | "event";
  method: string;
  path: string;
  /** One header a line: "Name: value". */
  headers: string;
  body: string;
  kind: EventKind;
  /** The event's fields as JSON, by kind. */
  events: Record<EventKind, string>;
}

const examples: Record<EventKind, unknown> = {
  cron: { schedule: "0 7 * * *", timezone: "Europe/Vienna", scheduled_at: "2026-01-01T06:00:00.000Z", missed: 0 },
  kv: { collection: "sensors", key: "hall", op: "update", value: { celsius: 21.5 }, prev_value: { celsius: 21 } },
  docs: { collection: "readings", document_id: "r1", op: "insert", data: { room: "hall", celsius: 21.5 } },
  topic: { topic: "home/hall/temperature", payload: { celsius: 21.5 } },
  dead_letter: {
    dead_letter_id: "00000000-0000-0000-0000-000000000000", error: "the device did not answer", attempts: 5,
    original: { kind: "topic", topic: "home/hall/temperature", payload: {} },
  },
};

function freshInput(): TestInput {
  const events = Object.fromEntries(eventKinds.map((kind) => [kind, JSON.stringify(examples[kind], null, 2)]));
  return { mode: "request", method: "GET", path: "/", headers: "", body: "", kind: "cron", events: events as TestInput["events"] };
}

/** Reads the request; throws an Error that says which line is wrong. */
export function requestOf(input: TestInput): { request: TestRequest } {
  const headers: Record<string, string[]> = {};
  for (const [i, line] of input.headers.split("\n").entries()) {
    if (line.trim() === "") {
      continue;
    }
    const colon = line.indexOf(":");
    if (colon < 1) {
      throw new Error(`Line ${i + 1} of the headers has no colon. Write them as “Name: value”.`);
    }
    (headers[line.slice(0, colon).trim()] ??= []).push(line.slice(colon + 1).trim());
  }
  return { request: { method: input.method, path: input.path, headers, body: input.body } };
}

/** Reads the event; throws an Error that says why its JSON cannot be read. */
export function eventOf(input: TestInput): { event: TestEvent } {
  let fields: unknown;
  try {
    fields = parseJSON(input.events[input.kind]);
  } catch (thrown) {
    throw new Error(`The event is not JSON: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
  }
  if (!input.events[input.kind].trimStart().startsWith("{")) {
    throw new Error("The event is a JSON object with the fields of its kind.");
  }
  return { event: { ...(fields as object), kind: input.kind } };
}

const kept = new Map<string, TestInput>();

/** The input that was last typed for a script, or a fresh one. */
export const inputFor = (script: string): TestInput => kept.get(script) ?? freshInput();
export const keepInput = (script: string, input: TestInput) => void kept.set(script, input);
export const hasInput = (script: string) => kept.has(script);
