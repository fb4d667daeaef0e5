import { getAll, path, post, remove, type CallOptions } from "./client";

/** What a script may call in the home network. */
export interface Grant {
  id: string;
  script_id: string;
  host: string;
  port: number;
  created_by: string;
  created_at: string;
}

export const listGrants = (script: string, options?: CallOptions) => getAll<Grant>(path`scripts/${script}/grants`, options);
export const createGrant = (script: string, host: string, port: number) =>
  post<Grant>(path`scripts/${script}/grants`, { host, port });
export const deleteGrant = (id: string) => remove(path`grants/${id}`);
