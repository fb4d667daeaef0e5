// The templates of the gallery, as web/templates/README.md describes their folders. They come with the page, so the
// gallery works without the internet.
import type { RouteDraft } from "../../api/routes";
import type { ScriptDraft } from "../../api/scripts";
import type { TriggerDraft, TriggerKind } from "../../api/triggers";

export interface TemplateSecret {
  name: string;
  label: string;
  help: string;
  example?: string;
  /** Nobody is asked for it: a random text is made. */
  generate?: boolean;
}

interface Manifest {
  title: string;
  summary: string;
  group: string;
  needs_email?: boolean;
  script: Omit<ScriptDraft, "source">;
  routes?: RouteDraft[];
  triggers?: (TriggerDraft & { kind: TriggerKind })[];
  secrets?: TemplateSecret[];
  /** Each opens the host that a secret holds. */
  grants?: { host_secret: string; port: number }[];
  settings: { text: string; copy?: string }[];
  goes_with?: string[];
}

export interface Template extends Manifest {
  name: string;
  source: string;
  /** The first request, as the device sends it; "" when a trigger starts the script. */
  request: string;
  event: Record<string, unknown> | null;
}

/** Groups in the order in which the gallery shows them. */
export const groups: Record<string, string> = {
  start: "To begin with", devices: "Devices", services: "Services", data: "Data", schedules: "Schedules", alerts: "Alerts",
};

const manifests = import.meta.glob<Manifest>("../../../templates/*/manifest.json", { eager: true, import: "default" });
const sources = import.meta.glob<string>("../../../templates/*/script.lua", { eager: true, query: "?raw", import: "default" });
const requests = import.meta.glob<string>("../../../templates/*/request.http", { eager: true, query: "?raw", import: "default" });
const events = import.meta.glob<Record<string, unknown>>("../../../templates/*/event.json", { eager: true, import: "default" });

export const templates: Template[] = Object.entries(manifests).map(([path, manifest]) => {
  const folder = path.slice(0, path.lastIndexOf("/"));
  return {
    ...manifest,
    name: folder.slice(folder.lastIndexOf("/") + 1),
    source: sources[`${folder}/script.lua`] ?? "",
    request: requests[`${folder}/request.http`] ?? "",
    event: events[`${folder}/event.json`] ?? null,
  };
});

export const findTemplate = (name: string): Template | undefined => templates.find((template) => template.name === name);

/** The device's request in the form that a test run takes. */
export function testRequestOf(template: Template) {
  const [head = "", ...rest] = template.request.split("\r\n\r\n");
  const [first = "", ...lines] = head.split("\r\n");
  const [method = "GET", path = "/"] = first.split(" ");
  const headers: Record<string, string[]> = {};
  for (const line of lines) {
    const colon = line.indexOf(":");
    (headers[line.slice(0, colon)] ??= []).push(line.slice(colon + 1).trim());
  }
  return { method, path, headers, body: rest.join("\r\n\r\n") };
}
