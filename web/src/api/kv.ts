import { get, getAll, path, put, remove, type CallOptions, type Page } from "./client";
import type { Schemas } from "./types";

export type Collection = Schemas["Collection"];
export type Entry = Schemas["KVEntry"];

export const listKVCollections = (app: string, options?: CallOptions) => getAll<Collection>(path`apps/${app}/kv`, options);
export const listEntries = (app: string, collection: string, prefix: string, cursor: string | null, options?: CallOptions) =>
  get<Page<Entry>>(path`apps/${app}/kv/${collection}`, { ...options, query: { prefix, cursor } });
export const showEntry = (app: string, collection: string, key: string, options?: CallOptions) =>
  get<Entry>(path`apps/${app}/kv/${collection}/${key}`, options);
export const putEntry = (app: string, collection: string, key: string, write: Schemas["KvDraft"]) =>
  put<Entry>(path`apps/${app}/kv/${collection}/${key}`, write);
export const deleteEntry = (app: string, collection: string, key: string, version: number) =>
  remove(path`apps/${app}/kv/${collection}/${key}`, { query: { if_version: version } });
