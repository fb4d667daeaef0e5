// What installing a template does: its secrets, its script with grants, routes and triggers. When one of them is
// refused, what was made before it is taken away again, so that another try begins afresh; secrets stay.
import { createGrant } from "../../api/grants";
import { createRoute, deleteRoute } from "../../api/routes";
import { createScript, deleteScript } from "../../api/scripts";
import { setSecret } from "../../api/secrets";
import { createTrigger, deleteTrigger } from "../../api/triggers";
import type { AppInfo, Script } from "../../api/types";
import type { Template } from "./catalog";

/** Values by a secret's name. */
export type Values = Record<string, string>;

/** Makes everything and returns the script. */
export async function install(template: Template, app: AppInfo, name: string, values: Values): Promise<Script> {
  const undo: (() => Promise<unknown>)[] = [];
  try {
    return await make(template, app, name, values, undo);
  } catch (thrown) {
    for (const step of undo.reverse()) {
      await step();
    }
    throw thrown;
  }
}

async function make(template: Template, app: AppInfo, name: string, values: Values, undo: (() => Promise<unknown>)[]) {
  for (const secret of template.secrets ?? []) {
    const value = values[secret.name];
    if (value) {
      await setSecret(app.slug, secret.name, value);
    }
  }
  const script = await createScript(app.slug, { ...template.script, name, source: template.source });
  undo.push(() => deleteScript(script.id));
  for (const { host_secret, port } of template.grants ?? []) {
    const host = values[host_secret];
    if (host) {
      await createGrant(script.id, host, port);
    }
  }
  for (const draft of template.routes ?? []) {
    const route = await createRoute(script.id, draft);
    undo.push(() => deleteRoute(route.id));
  }
  for (const { kind, ...draft } of template.triggers ?? []) {
    const body = { ...draft, script_id: script.id };
    if (body.cron) {
      body.cron = { ...body.cron, timezone: Intl.DateTimeFormat().resolvedOptions().timeZone };
    }
    const trigger = await createTrigger(app.slug, kind, body);
    undo.push(() => deleteTrigger(trigger.id));
  }
  return script;
}

/** A secret that nobody has to remember: 32 letters and digits. */
export function randomSecret(): string {
  const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  // Of a byte's 256 values the last 8 would come up for some letters more often than for others.
  const bytes = [...crypto.getRandomValues(new Uint8Array(128))].filter((byte) => byte < 248);
  return bytes.slice(0, 32).map((byte) => letters[byte % letters.length]).join("");
}

/** Fills in what a step's text to copy leaves open. */
export function fillIn(text: string, base: URL, values: Values): string {
  const known: Record<string, string> = {
    base: base.href.replace(/\/$/, ""), host: base.hostname, port: base.port || (base.protocol === "https:" ? "443" : "80"),
  };
  return text.replace(/\{(base|host|port|secret:([A-Z0-9_]+))\}/g, (whole, word: string, secret?: string) =>
    secret ? values[secret] || `(the secret ${secret})` : (known[word] ?? whole),
  );
}
