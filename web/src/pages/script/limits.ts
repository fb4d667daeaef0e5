// A script's own limits as the form shows them.
import type { ScriptChange } from "../../api/scripts";
import type { Limits, Script } from "../../api/types";

export interface LimitField {
  name: keyof Limits;
  label: string;
  /** The default that PiCloud comes with (spec 4); whoever runs it may have set another. */
  usual: number;
  bytes?: boolean;
  hint: string;
}

export const limitFields: LimitField[] = [
  { name: "instructions", label: "Instructions", usual: 10_000_000, hint: "How much one run may compute." },
  { name: "memory_bytes", label: "Memory in bytes", usual: 16 << 20, bytes: true, hint: "What one run may hold at a time." },
  { name: "call_depth", label: "Call depth", usual: 200, hint: "How deep functions may call each other." },
  { name: "string_bytes", label: "Longest string in bytes", usual: 4 << 20, bytes: true, hint: "Also bounds bodies of answers." },
  { name: "sdk_calls", label: "SDK calls", usual: 1_000, hint: "Calls of kv, docs, http and the like in one run." },
];

export const usualTimeoutMs = 10_000;

/** What the form holds: numbers as text, "" for the default. */
export interface SettingsForm {
  name: string;
  description: string;
  kind: string;
  access: string;
  timeout: string;
  limits: Record<keyof Limits, string>;
}

export function formOf(script: Script): SettingsForm {
  const limits = Object.fromEntries(limitFields.map(({ name }) => [name, textOf(script.limits[name])]));
  return {
    name: script.name, description: script.description, kind: script.kind, access: script.access,
    timeout: textOf(script.timeout_ms), limits: limits as SettingsForm["limits"],
  };
}

/** The fields that differ from the script as it is: what a PATCH sends. */
export function changeOf(script: Script, form: SettingsForm): ScriptChange {
  const before = formOf(script);
  const change: ScriptChange = {};
  const words = ["name", "description", "kind", "access"] as const;
  Object.assign(change, Object.fromEntries(words.filter((name) => form[name] !== before[name]).map((name) => [name, form[name]])));
  if (form.timeout !== before.timeout) {
    change.timeout_ms = numberOf(form.timeout);
  }
  const limits = limitFields.filter(({ name }) => form.limits[name] !== before.limits[name]);
  if (limits.length > 0) {
    change.limits = Object.fromEntries(limits.map(({ name }) => [name, numberOf(form.limits[name])]));
  }
  return change;
}

const textOf = (value: number | null): string => (value === null ? "" : String(value));
const numberOf = (text: string | number | null): number | null => (text === "" || text === null ? null : Number(text));
