// Makes everything that a template needs; when one part is refused, takes back what was made before it.
import { createGrant } from "../../api/grants";
import { createRoute, deleteRoute } from "../../api/routes";
import { createScript, deleteScript } from "../../api/scripts";
import { setSecret } from "../../api/secrets";
import { createTrigger, deleteTrigger } from "../../api/triggers";
import type { Template } from "./templates";

/** secrets are the values of those that are to be set; the hosts of grants are always among them. */
export async function install(app: string, template: Template, secrets: ReadonlyMap<string, string>): Promise<void> {
  const undo: (() => Promise<unknown>)[] = [];
  try {
    // Before the routes, whose guards ask for them. They stay when the rest is refused: they are somebody's input.
    for (const [name, value] of secrets) {
      await setSecret(app, name, value);
    }
    const { id } = await createScript(app, { ...template.script, source: template.source });
    undo.push(() => deleteScript(id));
    for (const { host_secret, port } of template.grants ?? []) {
      await createGrant(id, secrets.get(host_secret) ?? "", port);
    }
    for (const route of template.routes ?? []) {
      const made = await createRoute(id, route);
      undo.push(() => deleteRoute(made.id));
    }
    for (const { kind, ...trigger } of template.triggers ?? []) {
      const made = await createTrigger(app, kind, { ...trigger, script_id: id, cron: inThisZone(trigger.cron) });
      undo.push(() => deleteTrigger(made.id));
    }
  } catch (thrown) {
    for (const takeBack of undo.reverse()) {
      await takeBack().catch(() => {}); // why the install failed matters more, and is what is shown
    }
    throw thrown;
  }
}

type Cron = NonNullable<Template["triggers"]>[number]["cron"];

/** Seven in the morning is meant where the person is. */
function inThisZone(cron: Cron): Cron {
  return cron && { ...cron, timezone: Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC" };
}

const alphabet = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";

/** A random text of 40 letters and digits: about 230 bits. */
export function randomSecret(): string {
  // 256 is no multiple of the alphabet's length; bytes beyond the last whole multiple would favour its first letters.
  const limit = 256 - (256 % alphabet.length);
  let text = "";
  while (text.length < 40) {
    for (const byte of crypto.getRandomValues(new Uint8Array(64))) {
      if (byte < limit && text.length < 40) {
        text += alphabet[byte % alphabet.length];
      }
    }
  }
  return text;
}
