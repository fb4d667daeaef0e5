import { get, type CallOptions, type Page } from "./client";
import type { AuditEntry } from "./types";

export const listAudit = (options?: CallOptions) => get<Page<AuditEntry>>("audit", options);
