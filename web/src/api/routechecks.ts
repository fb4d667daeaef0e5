import { patch, path, post } from "./client";
import type { Route } from "./types";

export const providers = [
  "github", "stripe", "slack", "shopify", "telegram", "standard", "hmac", "token", "basic",
] as const;
export type Provider = (typeof providers)[number];

/** How the sender proves itself (spec 2, "Webhook guard"). */
export interface Verify {
  provider: Provider;
  secret: string;
  tolerance_s?: number;
  header?: string;
  in?: string;
  algorithm?: string;
  prefix?: string;
  encoding?: string;
  template?: string;
  timestamp_header?: string;
  id_header?: string;
}

export interface Guards {
  verify: Verify | null;
  dedupe: { from: string; ttl_s: number } | null;
  local_only: boolean;
  rate_limit: { per_minute: number; burst: number; key: "ip" | "route" } | null;
}

export type GuardedRoute = Route & Guards;

/** A route as it is sent; kinds that are left out follow from host and path. */
export interface RouteBody extends Guards {
  method: string;
  path: string;
  path_kind?: string;
  host?: string;
  host_kind?: string;
  dispatch_mode: Route["dispatch_mode"];
}

export interface RouteVerdict {
  ok: boolean;
  host_kind: Route["host_kind"];
  path_kind: Route["path_kind"];
  /** null when it is in an app that the person may not see. */
  conflicting_route: GuardedRoute | null;
  warnings: { code: string; message: string }[];
}

export interface RouteMatch {
  matched: boolean;
  /** null when nothing matched, or a route of an app that the person may not see. */
  route: GuardedRoute | null;
  params: Record<string, string>;
  rest: string;
  /** The methods that the path has routes for, when it has none for this one. */
  allow: string[];
}

export const saveRoute = (script: string, body: RouteBody) => post<GuardedRoute>(path`scripts/${script}/routes`, body);
export const changeRoute = (id: string, body: Partial<RouteBody>) => patch<GuardedRoute>(path`routes/${id}`, body);

/** Would this route be in another's way? except is the route that is being changed. */
export const checkRoute = (body: RouteBody, except: string | undefined, signal: AbortSignal) =>
  post<RouteVerdict>("routes:check", { ...body, except }, { signal });

/** Which route answers a request; url is a whole one, or a path for any host. */
export const matchRoute = (method: string, url: string, signal: AbortSignal) =>
  post<RouteMatch>("routes:match", { method, url }, { signal });
