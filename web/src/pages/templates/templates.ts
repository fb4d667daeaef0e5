// The templates of web/templates, as the build found them: README.md there says what is in their manifests.
import type { RouteDraft } from "../../api/routes";
import type { TestEvent, TestRequest } from "../../api/testruns";
import type { TriggerDraft, TriggerKind } from "../../api/triggers";

export interface TemplateSecret {
  name: string;
  label: string;
  help: string;
  example?: string;
  generate?: boolean;
}

interface Manifest {
  title: string;
  summary: string;
  group: Group;
  needs_email?: boolean;
  script: { name: string; description: string; timeout_ms?: number };
  routes?: RouteDraft[];
  triggers?: (Omit<TriggerDraft, "script_id"> & { kind: TriggerKind })[];
  secrets?: TemplateSecret[];
  grants?: { host_secret: string; port: number }[];
  settings: { text: string; copy?: string }[];
  goes_with?: string[];
}

export interface Template extends Manifest {
  name: string;
  source: string;
  /** The first request of the device, and its bytes as text. */
  request: { shown: string; sent: TestRequest } | null;
  event: TestEvent | null;
}

/** In the order in which the gallery shows them. */
export const groups = {
  start: "Begin here",
  devices: "Devices",
  services: "Services",
  alerts: "Alerts",
  schedules: "On a schedule",
  data: "Data",
} as const;
export type Group = keyof typeof groups;

const manifests = import.meta.glob<Manifest>("../../../templates/*/manifest.json", { eager: true, import: "default" });
const sources = import.meta.glob<string>("../../../templates/*/script.lua", { eager: true, import: "default", query: "?raw" });
const requests = import.meta.glob<string>("../../../templates/*/request.http", { eager: true, import: "default", query: "?raw" });
const events = import.meta.glob<TestEvent>("../../../templates/*/event.json", { eager: true, import: "default" });

export const templates: Template[] = Object.entries(manifests).map(([file, manifest]) => {
  const folder = file.slice(0, file.lastIndexOf("/"));
  const request = requests[`${folder}/request.http`];
  return {
    ...manifest,
    name: folder.slice(folder.lastIndexOf("/") + 1),
    source: sources[`${folder}/script.lua`] ?? "",
    request: request === undefined ? null : { shown: request.replaceAll("\r\n", "\n").trimEnd(), sent: readRequest(request) },
    event: events[`${folder}/event.json`] ?? null,
  };
});

/** A request as it goes over the wire, as a test run takes it. */
function readRequest(text: string): TestRequest {
  const end = text.indexOf("\r\n\r\n");
  const [first = "", ...lines] = text.slice(0, end).split("\r\n");
  const [method = "GET", path = "/"] = first.split(" ");
  const headers: Record<string, string[]> = {};
  for (const line of lines) {
    const colon = line.indexOf(":");
    (headers[line.slice(0, colon)] ??= []).push(line.slice(colon + 1).trim());
  }
  return { method, path, headers, body: text.slice(end + 4) };
}

/** Fills the blanks of what a person copies into a device. */
export function fillIn(text: string, base: string, secrets: ReadonlyMap<string, string>): string {
  const { hostname, port, protocol } = new URL(base);
  const known: Record<string, string> = { base, host: hostname, port: port || (protocol === "https:" ? "443" : "80") };
  return text.replace(/\{(base|host|port)\}|\{secret:([A-Z_]+)\}/g, (whole, name: string, secret: string) =>
    name ? (known[name] ?? whole) : (secrets.get(secret) ?? "the value of the secret " + secret),
  );
}
