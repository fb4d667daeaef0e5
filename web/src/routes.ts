// Every place of the page: its address below /admin/, and the file that shows it, loaded when first opened. A part of
// an address that begins with a colon is a parameter. The first line that fits is taken.
import type { Component } from "svelte";
import type { AppInfo, AppRole, Role } from "./api/types";

export type Params = Record<string, string>;

/** What a page is given. Those below apps/:app get the app as well. */
export interface PageProps {
  params: Params;
}

export interface AppPageProps extends PageProps {
  app: AppInfo;
}

// A page takes PageProps or AppPageProps; which of the two depends on its address.
type Load = () => Promise<{ default: Component<any> }>;

/** The least role that a place is for: one in the app of its address, or one in the instance. */
export type Need = Role | AppRole;

export interface Place {
  pattern: string;
  load: Load;
  /** None: whoever is signed in, and below apps/:app whoever sees the app. */
  needs?: Need;
}

const place = (pattern: string, load: Load, needs?: Need): Place => ({ pattern, load, needs });

export const places: Place[] = [
  place("", () => import("./pages/Start.svelte")),
  place("welcome", () => import("./pages/Welcome.svelte")),
  place("account", () => import("./pages/Account.svelte")),
  place("apps", () => import("./pages/Apps.svelte")),
  place("apps/:app/scripts", () => import("./pages/Scripts.svelte")),
  place("apps/:app/scripts/:script", () => import("./pages/script/Edit.svelte")),
  place("apps/:app/scripts/:script/versions", () => import("./pages/script/Versions.svelte")),
  place("apps/:app/scripts/:script/routing", () => import("./pages/script/Routing.svelte")),
  place("apps/:app/scripts/:script/settings", () => import("./pages/script/Settings.svelte")),
  place("apps/:app/scripts/:script/executions", () => import("./pages/script/Executions.svelte")),
  place("apps/:app/executions", () => import("./pages/AppExecutions.svelte")),
  place("apps/:app/members", () => import("./pages/app/Members.svelte"), "app_admin"),
  place("apps/:app/secrets", () => import("./pages/app/Secrets.svelte"), "editor"),
  place("apps/:app/settings", () => import("./pages/app/Settings.svelte")),
  place("overview", () => import("./pages/Overview.svelte"), "admin"),
  place("backups", () => import("./pages/Backups.svelte"), "admin"),
  place("settings", () => import("./pages/Settings.svelte"), "admin"),
  place("audit", () => import("./pages/Audit.svelte"), "admin"),
  place("users", () => import("./pages/Users.svelte"), "admin"),
  place("reference/http", () => import("./pages/reference/HttpApi.svelte")),
  place("reference/lua", () => import("./pages/reference/LuaSdk.svelte")),
  place("apps/:app/templates", () => import("./pages/Templates.svelte")),
  place("apps/:app/templates/:template", () => import("./pages/Template.svelte")),
  place("apps/:app/triggers", () => import("./pages/Triggers.svelte")),
  place("apps/:app/data", () => import("./pages/Data.svelte")),
  place("apps/:app/data/kv/:collection", () => import("./pages/data/Entries.svelte")),
  place("apps/:app/data/docs/:collection", () => import("./pages/data/Documents.svelte")),
  place("apps/:app/dead-letters", () => import("./pages/DeadLetters.svelte")),
  place("apps/:app/dead-letters/waiting", () => import("./pages/Waiting.svelte")),
  place("apps/:app/dead-letters/abandoned", () => import("./pages/Abandoned.svelte")),
  place("apps/:app/dead-letters/:letter", () => import("./pages/DeadLetter.svelte")),
];

/** The place that an address means, with its parameters decoded; null when there is none. */
export function findPlace(address: string): { place: Place; params: Params } | null {
  const segments = address.split("/");
  for (const candidate of places) {
    const params = match(candidate.pattern.split("/"), segments);
    if (params) {
      return { place: candidate, params };
    }
  }
  return null;
}

function match(pattern: string[], segments: string[]): Params | null {
  if (pattern.length !== segments.length) {
    return null;
  }
  const params: Params = {};
  for (const [i, part] of pattern.entries()) {
    const segment = decode(segments[i] ?? "");
    if (part.startsWith(":") && segment) {
      params[part.slice(1)] = segment;
    } else if (part !== segment) {
      return null;
    }
  }
  return params;
}

/** An address typed by hand may hold a malformed escape; it then means no place. */
function decode(segment: string): string | null {
  try {
    return decodeURIComponent(segment);
  } catch {
    return null;
  }
}
