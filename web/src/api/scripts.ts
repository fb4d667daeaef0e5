import { get, getAll, patch, path, post, remove, type CallOptions } from "./client";
import type { Schemas, Script } from "./types";

/** A script in a list, with how its last runs went. */
export type ScriptItem = Schemas["ScriptItem"];
export type ScriptDraft = Schemas["ScriptDraft"];
export type ScriptChange = Schemas["ScriptChange"];

export const listScripts = (app: string, options?: CallOptions) =>
  getAll<ScriptItem>(path`apps/${app}/scripts`, options);
export const showScript = (id: string, options?: CallOptions) => get<Script>(path`scripts/${id}`, options);
export const createScript = (app: string, draft: ScriptDraft) => post<Script>(path`apps/${app}/scripts`, draft);

/** With a version, the change is refused with 409 when somebody saved in between. */
export const changeScript = (id: string, change: ScriptChange) =>
  patch<Script>(path`scripts/${id}`, change);
export const deleteScript = (id: string) => remove(path`scripts/${id}`);
