import { getAll, path, post, remove, type CallOptions } from "./client";
import type { ApiKey, Schemas } from "./types";

/** The body of a new key. */
export type KeyDraft = Schemas["KeyDraft"];

/** A key as it is answered once, when it is made. */
export type NewKey = Schemas["NewAPIKey"];

export const listKeys = (options?: CallOptions) => getAll<ApiKey>("api-keys", options);
export const createKey = (draft: KeyDraft) => post<NewKey>("api-keys", draft);
export const deleteKey = (id: string) => remove(path`api-keys/${id}`);
