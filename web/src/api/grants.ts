import { getAll, path, post, remove, type CallOptions } from "./client";
import type { Schemas } from "./types";

/** What a script may call in the home network. */
export type Grant = Schemas["Grant"];

export const listGrants = (script: string, options?: CallOptions) => getAll<Grant>(path`scripts/${script}/grants`, options);
export const createGrant = (script: string, host: string, port: number) =>
  post<Grant>(path`scripts/${script}/grants`, { host, port });
export const deleteGrant = (id: string) => remove(path`grants/${id}`);
