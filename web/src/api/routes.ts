import { getAll, path, post, remove, type CallOptions } from "./client";
import type { Route } from "./types";

export interface RouteDraft {
  method: string;
  path: string;
  host?: string;
  dispatch_mode?: Route["dispatch_mode"];
}

export const listAppRoutes = (app: string, options?: CallOptions) => getAll<Route>(path`apps/${app}/routes`, options);
export const listScriptRoutes = (script: string, options?: CallOptions) =>
  getAll<Route>(path`scripts/${script}/routes`, options);
export const createRoute = (script: string, draft: RouteDraft) => post<Route>(path`scripts/${script}/routes`, draft);
export const deleteRoute = (id: string) => remove(path`routes/${id}`);
