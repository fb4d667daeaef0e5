import type { DeadLetter } from "../../api/types";

type Tone = "neutral" | "good" | "warn" | "bad";

export const stateNames: Record<DeadLetter["state"], string> = {
  open: "unresolved",
  handler_failed: "handler failed",
  replayed: "replayed",
  resolved: "resolved",
};

export const stateTones: Record<DeadLetter["state"], Tone> = {
  open: "bad",
  handler_failed: "bad",
  replayed: "good",
  resolved: "neutral",
};

export const isUnresolved = (letter: DeadLetter) => letter.state === "open" || letter.state === "handler_failed";

/** What happened, in a few words: the topic, the key, the request. */
export function sayEvent(event: DeadLetter["event"]): string {
  const text = (name: string) => String(event[name] ?? "");
  switch (event.kind) {
    case "request":
      return `${text("method")} ${text("path")}`;
    case "cron":
      return `Clock ${text("schedule")}`;
    case "kv":
      return `${text("op")} of ${text("collection")}/${text("key")}`;
    case "docs":
      return `${text("op")} of ${text("collection")}/${text("document_id")}`;
    case "topic":
      return text("topic");
    default:
      return text("kind");
  }
}

/** Why a delivery does not run. */
export function sayHeldDelivery(held: string): string {
  const reasons: Record<string, string> = {
    disabled: "the trigger is off",
    script_disabled: "the script is off",
    registrant_inactive: "the user who made the trigger is deactivated",
  };
  return reasons[held] ?? held;
}
