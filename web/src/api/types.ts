// The shapes of the API, by shorter names. They come from http/openapi.json, which the server's tests hold to what it
// really answers; `npm run types` writes schema.d.ts from it. Times are RFC 3339 in UTC with milliseconds, ids are UUIDs.
import type { components, operations } from "./schema";

export type Schemas = components["schemas"];

/** What follows the question mark of a call, by the name that the document gives the call. */
export type QueryOf<Name extends keyof operations> = NonNullable<operations[Name]["parameters"]["query"]>;

export type Role = Schemas["Role"];
export type AppRole = Schemas["AppRole"];
export type User = Schemas["User"];
export type Version = Schemas["Versions"];
export type AppInfo = Schemas["App"];
export type Member = Schemas["Member"];
export type Scope = Schemas["Scope"];
export type ApiKey = Schemas["APIKey"];
export type Secret = Schemas["AppSecret"];
export type AuditEntry = Schemas["AuditEntry"];
export type Limits = Schemas["Limits"];
export type Script = Schemas["Script"];
export type Route = Schemas["Route"];
export type DeadLetter = Schemas["DeadLetter"];

/** Every scope, from the least to the most. */
export const scopes = [
  "script:read",
  "script:write",
  "route:write",
  "log:read",
  "app:admin",
  "instance:read",
  "instance:admin",
] as const satisfies Scope[];
