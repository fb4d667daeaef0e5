// What a trigger listens to, as a person would say it.
import type { Trigger, TriggerKind } from "../../api/triggers";

export const kindNames: Record<TriggerKind, string> = {
  cron: "Clock",
  kv: "Key-value change",
  docs: "Document change",
  topic: "Topic",
  dead_letter: "Dead letter",
};

export const kindMeanings: Record<TriggerKind, string> = {
  cron: "At the times of a schedule",
  kv: "When an entry of a key-value collection changes",
  docs: "When a document of a collection changes",
  topic: "When a script publishes to a topic",
  dead_letter: "When a delivery has failed for good",
};

const macros: Record<string, string> = {
  "@yearly": "Once a year, on 1 January at midnight",
  "@annually": "Once a year, on 1 January at midnight",
  "@monthly": "On the first day of each month, at midnight",
  "@weekly": "Every Sunday, at midnight",
  "@daily": "Every day, at midnight",
  "@midnight": "Every day, at midnight",
  "@hourly": "Every hour",
};

/** Says a schedule in words; the schedule itself when there are none for it. */
export async function sayScheduleInWords(schedule: string): Promise<string> {
  const text = schedule.trim();
  if (text.startsWith("@every ")) {
    return `Every ${text.slice(7)}`;
  }
  if (text.startsWith("@")) {
    return macros[text] ?? text;
  }
  const { default: cronstrue } = await import("cronstrue");
  try {
    return cronstrue.toString(text, { use24HourTimeFormat: true });
  } catch {
    return text; // the server is the judge of schedules, and says what is wrong
  }
}

/** What starts a trigger, in one line; a schedule is said elsewhere. */
export function sayRule(trigger: Trigger): string {
  const ops = trigger.kv?.ops ?? trigger.docs?.ops ?? [];
  const which = ops.length > 0 && ops.length < 3 ? `, on ${ops.join(" and ")}` : "";
  if (trigger.kv) {
    return `${trigger.kv.collection}: ${trigger.kv.key_prefix ? `keys that begin with ${trigger.kv.key_prefix}` : "every key"}${which}`;
  }
  if (trigger.docs) {
    return `${trigger.docs.collection}: every document${which}`;
  }
  if (trigger.topic) {
    return trigger.topic.filter;
  }
  const kinds = trigger.dead_letter?.kinds ?? [];
  return kinds.length > 0 ? `Failed events of: ${kinds.join(", ")}` : "Every event that has failed for good";
}

/** Why an enabled trigger does not start, for people. */
export function sayHeld(held: string): string {
  return held === "registrant_inactive"
    ? "The user who made it is deactivated, so it does not run. Activate the user, or make it anew."
    : held;
}

/** A moment as the clock of a zone shows it: "Fri, 27 Nov 2026, 07:00:00". */
export function sayLocally(at: string, zone: string): string {
  return new Intl.DateTimeFormat("en-GB", {
    weekday: "short", day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", second: "2-digit", timeZone: zone,
  }).format(new Date(at));
}
