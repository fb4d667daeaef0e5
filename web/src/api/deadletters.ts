import { get, getAll, path, post, type CallOptions, type Page } from "./client";
import type { DeadLetter } from "./types";

/** The states in which a dead letter waits for somebody. */
const unresolved = "open,handler_failed";

/** state is one or more states with commas between, or "unresolved", or "" for all. */
export const listDeadLetters = (app: string, state: string, cursor: string | null, options?: CallOptions) =>
  get<Page<DeadLetter>>(path`apps/${app}/dead-letters`, {
    ...options,
    query: { state: state === "unresolved" ? unresolved : state, cursor },
  });
export const listUnresolved = (app: string, options?: CallOptions) =>
  getAll<DeadLetter>(path`apps/${app}/dead-letters`, { ...options, query: { state: unresolved } });
export const showDeadLetter = (id: string, options?: CallOptions) => get<DeadLetter>(path`dead-letters/${id}`, options);
export const replayDeadLetter = (id: string) => post<DeadLetter>(path`dead-letters/${id}/replay`);
export const resolveDeadLetter = (id: string, note: string) =>
  post<DeadLetter>(path`dead-letters/${id}/resolve`, { note });

/** More than this many are too many to count for a badge. */
const mostCounted = 99;

/** How many wait for somebody: "" for none, "99+" for a great many. */
export async function countOpen(app: string): Promise<string> {
  const query = { state: unresolved, limit: mostCounted };
  const page = await get<Page<DeadLetter>>(path`apps/${app}/dead-letters`, { query });
  return page.next_cursor ? `${mostCounted}+` : String(page.items.length || "");
}
