// Which app the person is in, and where the navigation leads.
import { countOpen } from "../api/deadletters";
import type { AppInfo } from "../api/types";
import type { IconName } from "../parts/icons";
import { findPlace } from "../routes";
import { router } from "./router.svelte";
import { reaches, session } from "./session.svelte";

export interface Destination {
  place: string;
  text: string;
  icon: IconName;
  /** A number to look into. */
  count?: string;
}

/** Dead letters come seldom; whoever looks at their page sees them at once. */
const countEveryMs = 30_000;

class Navigation {
  /** The app of the last place that was in one; the first app at the start. */
  app = $derived.by<AppInfo | null>(() => {
    const named = session.apps.find((app) => app.slug === this.#slug);
    return named ?? session.apps.find((app) => app.slug === "default") ?? session.apps[0] ?? null;
  });

  #slug = $state("");
  #open = $state("");

  inApp = $derived.by<Destination[]>(() => {
    if (!this.app) {
      return [];
    }
    const base = `apps/${this.app.slug}`;
    return this.#within([
      { place: `${base}/scripts`, text: "Scripts", icon: "code" },
      { place: `${base}/executions`, text: "Executions", icon: "play" },
      { place: `${base}/triggers`, text: "Triggers", icon: "bolt" },
      { place: `${base}/data`, text: "Data", icon: "data" },
      { place: `${base}/dead-letters`, text: "Dead letters", icon: "undelivered", count: this.#open },
      { place: `${base}/secrets`, text: "Secrets", icon: "lock" },
      { place: `${base}/members`, text: "Members", icon: "members" },
      { place: `${base}/settings`, text: "App settings", icon: "gear" },
    ]);
  });

  inInstance = $derived.by<Destination[]>(() =>
    this.#within([
      { place: "overview", text: "Overview", icon: "chart" },
      { place: "apps", text: "Apps", icon: "apps" },
      { place: "users", text: "Users", icon: "user" },
      { place: "backups", text: "Backups", icon: "archive" },
      { place: "audit", text: "Audit log", icon: "book" },
      { place: "settings", text: "Settings", icon: "gear" },
    ]),
  );

  readonly inReference: Destination[] = [
    { place: "reference/http", text: "HTTP API", icon: "link" },
    { place: "reference/lua", text: "Lua SDK", icon: "book" },
  ];

  /** Keeps the app of the present place; for an effect of the shell. */
  follow(): void {
    const slug = /^apps\/([^/]+)/.exec(router.place)?.[1];
    if (slug && session.apps.some((app) => app.slug === slug)) {
      this.#slug = slug;
    }
  }

  /** Keeps the count of the app's open dead letters; returns what ends that. For another effect. */
  count(): () => void {
    void this.recount();
    const timer = setInterval(() => document.hidden || void this.recount(), countEveryMs);
    return () => clearInterval(timer);
  }

  /** Counts again; for pages that have just resolved some. */
  async recount(): Promise<void> {
    const app = this.app;
    if (!app) {
      return;
    }
    try {
      const open = await countOpen(app.slug);
      if (app === this.app) {
        this.#open = open;
      }
    } catch {
      this.#open = ""; // the page itself says what is wrong; the badge only has nothing to say
    }
  }

  /** Those that the person's roles reach. */
  #within(destinations: Destination[]): Destination[] {
    return destinations.filter(({ place }) => reaches(findPlace(place)?.place.needs, this.app));
  }
}

/** Whether a destination is where the person is, or above it. */
export function isCurrent(destination: string, place: string): boolean {
  return place === destination || (destination !== "apps" && place.startsWith(`${destination}/`));
}

export const navigation = new Navigation();
