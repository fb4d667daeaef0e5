import { getAll, path, put, remove, type CallOptions } from "./client";
import type { Secret } from "./types";

/** Names and dates; no call shows a value. */
export const listSecrets = (app: string, options?: CallOptions) =>
  getAll<Secret>(path`apps/${app}/secrets`, options);
export const setSecret = (app: string, name: string, value: string) =>
  put<Secret>(path`apps/${app}/secrets/${name}`, { value });
export const deleteSecret = (app: string, name: string) => remove(path`apps/${app}/secrets/${name}`);
