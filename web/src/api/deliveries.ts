import { get, path, type CallOptions, type Page } from "./client";
import type { Schemas } from "./types";

/** An event on its way to one script. */
export type Delivery = Schemas["Delivery"];

/** A run that ended after its caller had gone. */
export type AbandonedExecution = Schemas["AbandonedExecution"];

export const listDeliveries = (app: string, cursor: string | null, options?: CallOptions) =>
  get<Page<Delivery>>(path`apps/${app}/outbox`, { ...options, query: { cursor } });
export const listAbandoned = (app: string, cursor: string | null, options?: CallOptions) =>
  get<Page<AbandonedExecution>>(path`apps/${app}/abandoned-executions`, { ...options, query: { cursor } });
