import { getAll, patch, path, post, remove, type CallOptions } from "./client";
import type { TestRun } from "./testruns";
import type { Schemas } from "./types";

export type TriggerKind = Schemas["TriggerKind"];
export type DataOp = NonNullable<Schemas["DataRule"]["ops"]>[number];

/** Every kind, the most used first. */
export const triggerKinds = ["cron", "kv", "docs", "topic", "dead_letter"] as const satisfies TriggerKind[];
export const dataOps = ["insert", "update", "delete"] as const satisfies DataOp[];

export type RetryPolicy = Schemas["RetryPolicy"];
export type TriggerDraft = Schemas["TriggerDraft"];
export type Trigger = Schemas["Trigger"];
export type SchedulePreview = Schemas["PreviewAnswer"];

/** A fired trigger may run as long as the highest ceiling, 300 s (spec 4), and a little to get there. */
const runTimeoutMs = 310_000;

export const listTriggers = (app: string, options?: CallOptions) => getAll<Trigger>(path`apps/${app}/triggers`, options);
export const createTrigger = (app: string, kind: TriggerKind, draft: TriggerDraft) =>
  post<Trigger>(path`apps/${app}/triggers/${kind}`, draft);
export const changeTrigger = (id: string, change: Schemas["TriggerChange"]) => patch<Trigger>(path`triggers/${id}`, change);
export const deleteTrigger = (id: string) => remove(path`triggers/${id}`);

/** Runs the trigger's script once with a test event; fields that are left out are examples. */
export const fireTrigger = (id: string, event: Schemas["FireBody"]["event"] = {}) =>
  post<TestRun>(path`triggers/${id}/fire`, { event }, { timeoutMs: runTimeoutMs });

export const previewSchedule = (schedule: string, timezone: string, options?: CallOptions) =>
  post<SchedulePreview>("triggers:preview", { schedule, timezone }, options);
