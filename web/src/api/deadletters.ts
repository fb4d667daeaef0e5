import { get, path, type CallOptions, type Page } from "./client";
import type { DeadLetter } from "./types";

export const listDeadLetters = (app: string, options?: CallOptions) =>
  get<Page<DeadLetter>>(path`apps/${app}/dead-letters`, options);

/** More than this many are too many to count for a badge. */
const mostCounted = 99;

/** How many wait for somebody: "" for none, "99+" for a great many. */
export async function countOpen(app: string): Promise<string> {
  const page = await listDeadLetters(app, { query: { state: "open", limit: mostCounted } });
  return page.next_cursor ? `${mostCounted}+` : String(page.items.length || "");
}
