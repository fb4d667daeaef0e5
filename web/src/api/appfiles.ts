import { adminURL, path, post } from "./client";
import type { Schemas } from "./types";

export type ImportPlan = Schemas["ImportAnswer"];
export type PlannedChange = Schemas["PlannedChange"];

/** An app as files, by their names. */
export type AppFiles = Schemas["FolderBody"]["files"];

/** Where an app can be had as files, for a link. */
export const exportURL = (app: string): string => adminURL(path`apps/${app}/export`).href;

/** How an import goes: whether it only says what it would do, and whether it deletes what the files have not. */
export interface ImportOptions {
  dryRun: boolean;
  prune: boolean;
}

/** Makes an app what the files say, all or nothing. */
export const importApp = (app: string, files: AppFiles, { dryRun, prune }: ImportOptions) =>
  post<ImportPlan>(path`apps/${app}/import`, { files }, { query: { dry_run: dryRun, prune } });
