// The shapes of the API (spec 2, "Shapes"). Times are RFC 3339 in UTC with milliseconds, ids are UUIDs.

export type Role = "owner" | "admin" | "member";
export type AppRole = "viewer" | "editor" | "app_admin";

export interface User {
  id: string;
  username: string;
  role: Role;
  active: boolean;
  created_at: string;
  last_login_at: string | null;
}

export interface Version {
  product: string;
  sdk: string;
  api: number;
  schema: number;
  wire: number;
  public_base_url: string;
}

export interface AppInfo {
  id: string;
  slug: string;
  name: string;
  description: string;
  my_role: AppRole;
  sandbox_lifted: boolean;
  created_at: string;
}

export interface Member {
  user_id: string;
  username: string;
  role: AppRole;
}

export const scopes = [
  "script:read",
  "script:write",
  "route:write",
  "log:read",
  "app:admin",
  "instance:read",
  "instance:admin",
] as const;
export type Scope = (typeof scopes)[number];

export interface ApiKey {
  id: string;
  name: string;
  prefix: string;
  scopes: Scope[];
  app: string | null;
  created_at: string;
  expires_at: string | null;
  last_used_at: string | null;
}

export interface Secret {
  name: string;
  created_at: string;
  updated_at: string;
}

export interface AuditEntry {
  number: number;
  at: string;
  last_at: string;
  times: number;
  action: string;
  user_id: string | null;
  username: string;
  key_id: string | null;
  target: { kind: string; id: string | null; name: string };
  app_id: string | null;
  details: unknown;
  address: string;
  request_id: string;
}

export interface Limits {
  instructions: number | null;
  memory_bytes: number | null;
  call_depth: number | null;
  string_bytes: number | null;
  sdk_calls: number | null;
}

export interface Script {
  id: string;
  app_id: string;
  name: string;
  kind: "endpoint" | "module";
  description: string;
  /** Lists leave it out. */
  source?: string;
  version: number;
  enabled: boolean;
  access: "open" | "authenticated";
  timeout_ms: number | null;
  limits: Limits;
  imports: string[];
  created_at: string;
  updated_at: string;
}

export interface Route {
  id: string;
  script_id: string;
  app_id: string;
  method: string;
  host_kind: "any" | "strict" | "wildcard";
  host: string;
  path_kind: "exact" | "prefix" | "param";
  path: string;
  dispatch_mode: "sync" | "async";
  created_at: string;
}

export interface DeadLetter {
  id: string;
  app_id: string;
  trigger_id: string | null;
  script_id: string;
  event: Record<string, unknown>;
  error: string;
  attempts: { at: string; error: string; execution_id: string | null }[];
  state: "open" | "resolved" | "replayed" | "handler_failed";
  note: string;
  created_at: string;
}
