// What stands in the fields of the form of a trigger, and the body that it makes.
import type { DataOp, RetryPolicy, Trigger, TriggerKind } from "../../api/triggers";

export interface TriggerFields {
  name: string;
  script: string;
  schedule: string;
  timezone: string;
  collection: string;
  keyPrefix: string;
  ops: Record<DataOp, boolean>;
  filter: string;
  kinds: Record<string, boolean>;
  ordered: boolean;
  attempts: string;
  backoff: string;
  baseMs: string;
  maxMs: string;
}

/** The kinds of event that a dead letter may be about. */
export const failedKinds: Record<string, string> = {
  request: "Requests of asynchronous routes",
  cron: "Clock",
  kv: "Key-value changes",
  docs: "Document changes",
  topic: "Topics",
};

/** What is tried unless somebody says otherwise (spec 4). */
const defaultRetry: RetryPolicy = { max_attempts: 5, backoff: "exponential", base_ms: 1000, max_ms: 900_000 };

const hereZone = () => Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";

export function fieldsOf(trigger: Trigger | null): TriggerFields {
  const { cron, kv, docs, topic, dead_letter } = trigger ?? {};
  const ops = kv?.ops ?? docs?.ops ?? [];
  const kinds = dead_letter?.kinds ?? [];
  const retry = trigger?.retry ?? defaultRetry;
  const wants = (op: DataOp) => ops.length === 0 || ops.includes(op);
  return {
    name: trigger?.name ?? "",
    script: trigger?.script_id ?? "",
    schedule: cron?.schedule ?? "0 0 7 * * *",
    timezone: cron?.timezone ?? hereZone(),
    collection: kv?.collection ?? docs?.collection ?? "",
    keyPrefix: kv?.key_prefix ?? "",
    ops: { insert: wants("insert"), update: wants("update"), delete: wants("delete") },
    filter: topic?.filter ?? "",
    kinds: Object.fromEntries(Object.keys(failedKinds).map((kind) => [kind, kinds.length === 0 || kinds.includes(kind)])),
    ordered: trigger?.ordered ?? false,
    attempts: String(retry.max_attempts),
    backoff: retry.backoff,
    baseMs: String(retry.base_ms),
    maxMs: String(retry.max_ms),
  };
}

export function draftOf(kind: TriggerKind, fields: TriggerFields) {
  const chosen = <Key extends string>(boxes: Record<Key, boolean>) =>
    (Object.keys(boxes) as Key[]).filter((key) => boxes[key]);
  const all = <Key extends string>(boxes: Record<Key, boolean>) =>
    chosen(boxes).length === Object.keys(boxes).length ? [] : chosen(boxes);
  const rules = {
    cron: { cron: { schedule: fields.schedule.trim(), timezone: fields.timezone } },
    kv: { kv: { collection: fields.collection, key_prefix: fields.keyPrefix, ops: all(fields.ops) } },
    docs: { docs: { collection: fields.collection, ops: all(fields.ops) } },
    topic: { topic: { filter: fields.filter } },
    dead_letter: { dead_letter: { kinds: all(fields.kinds) } },
  };
  return {
    name: fields.name,
    script_id: fields.script,
    ordered: fields.ordered,
    retry: {
      max_attempts: Number(fields.attempts),
      backoff: fields.backoff as RetryPolicy["backoff"],
      base_ms: Number(fields.baseMs),
      max_ms: Number(fields.maxMs),
    },
    ...rules[kind],
  };
}

/** Nothing would ever start such a trigger; the server takes an empty list for all of them. */
export function choosesNothing(kind: TriggerKind, fields: TriggerFields): boolean {
  const boxes = { kv: fields.ops, docs: fields.ops, dead_letter: fields.kinds, cron: null, topic: null }[kind];
  return boxes !== null && !Object.values(boxes).some(Boolean);
}
