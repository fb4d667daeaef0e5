import { getAll, patch, path, post, put, remove, type CallOptions } from "./client";
import type { AppInfo, Schemas } from "./types";

export type AppDraft = Schemas["AppDraft"];

export const listApps = (options?: CallOptions) => getAll<AppInfo>("apps", options);
export const createApp = (draft: AppDraft) => post<AppInfo>("apps", draft);
export const changeApp = (app: string, change: Schemas["AppChange"]) => patch<AppInfo>(path`apps/${app}`, change);

/** Deletes the app with all that it holds. */
export const deleteApp = (app: string) => remove(path`apps/${app}`, { query: { force: true } });

/** Lifting lets the pages of the app's scripts act as any admin who visits them. Owners only. */
export const liftSandbox = (app: string, lifted: boolean) =>
  put<AppInfo>(path`apps/${app}/sandbox`, { lifted, accept_risk: lifted });
