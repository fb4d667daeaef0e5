import { getAll, path, post, remove, type CallOptions } from "./client";
import type { ApiKey, Scope } from "./types";

export interface KeyDraft {
  name: string;
  scopes: Scope[];
  app?: string;
  expires_at?: string;
}

/** A key as it is answered once, when it is made. */
export interface NewKey extends ApiKey {
  raw_token: string;
}

export const listKeys = (options?: CallOptions) => getAll<ApiKey>("api-keys", options);
export const createKey = (draft: KeyDraft) => post<NewKey>("api-keys", draft);
export const deleteKey = (id: string) => remove(path`api-keys/${id}`);
