import { get, getAll, path, post, put, remove, type CallOptions, type Page } from "./client";
import type { Collection } from "./kv";
import type { Schemas } from "./types";

export type Document = Schemas["Document"];

export const listDocumentCollections = (app: string, options?: CallOptions) =>
  getAll<Collection>(path`apps/${app}/docs`, options);
export const queryDocuments = (app: string, collection: string, query: Schemas["DocumentQuery"], options?: CallOptions) =>
  post<Page<Document>>(path`apps/${app}/docs/${collection}/query`, query, options);
export const showDocument = (app: string, collection: string, id: string, options?: CallOptions) =>
  get<Document>(path`apps/${app}/docs/${collection}/${id}`, options);

/** Without an id the server gives one. */
export const createDocument = (app: string, collection: string, data: unknown, id?: string) =>
  post<Document>(path`apps/${app}/docs/${collection}`, { data, id });
export const putDocument = (app: string, collection: string, id: string, data: unknown, rev: number) =>
  put<Document>(path`apps/${app}/docs/${collection}/${id}`, { data, rev });
export const deleteDocument = (app: string, collection: string, id: string, rev: number) =>
  remove(path`apps/${app}/docs/${collection}/${id}`, { query: { rev } });
