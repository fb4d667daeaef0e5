import { getAll, patch, path, post, remove, type CallOptions } from "./client";
import type { Route, Schemas } from "./types";

/** A route in a list, with how slow it is. */
export type RouteItem = Schemas["RouteItem"];
export type RouteDraft = Schemas["RouteDraft"];
export type RouteVerdict = Schemas["RouteVerdict"];
export type RouteMatch = Schemas["RouteMatch"];
export type Verification = Schemas["Verification"];
export type Provider = Verification["provider"];

export const listScriptRoutes = (script: string, options?: CallOptions) =>
  getAll<RouteItem>(path`scripts/${script}/routes`, options);
export const createRoute = (script: string, draft: RouteDraft) => post<Route>(path`scripts/${script}/routes`, draft);
export const changeRoute = (id: string, change: Schemas["RouteChange"]) => patch<Route>(path`routes/${id}`, change);
export const deleteRoute = (id: string) => remove(path`routes/${id}`);

/** Would this route be in another's way? except is the route that is being changed. */
export const checkRoute = (draft: RouteDraft, except: string | undefined, signal: AbortSignal) =>
  post<RouteVerdict>("routes:check", { ...draft, except }, { signal });

/** Which route answers a request; url is a whole one, or a path for any host. */
export const matchRoute = (method: string, url: string, signal: AbortSignal) =>
  post<RouteMatch>("routes:match", { method, url }, { signal });
