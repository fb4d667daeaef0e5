import { get, path, post, type CallOptions, type Page } from "./client";
import type { Schemas, Script } from "./types";

/** One save of a script. Lists leave its source out. */
export type ScriptVersion = Schemas["ScriptVersion"];

export const listVersions = (script: string, cursor: string | null, options?: CallOptions) =>
  get<Page<ScriptVersion>>(path`scripts/${script}/versions`, { ...options, query: { limit: 50, cursor } });
export const showVersion = (script: string, version: number, options?: CallOptions) =>
  get<ScriptVersion>(path`scripts/${script}/versions/${version}`, options);

/** Saves an old version's source as a new version. */
export const rollBack = (script: string, version: number) => post<Script>(path`scripts/${script}/rollback`, { version });
