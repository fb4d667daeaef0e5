import { getAll, path, put, remove, type CallOptions } from "./client";
import type { AppRole, Member } from "./types";

export const listMembers = (app: string, options?: CallOptions) =>
  getAll<Member>(path`apps/${app}/members`, options);

/** user is an id or a name: an app's admin who may not list users knows only names. */
export const setMember = (app: string, user: string, role: AppRole) =>
  put<Member>(path`apps/${app}/members/${user}`, { role });

export const removeMember = (app: string, user: string) => remove(path`apps/${app}/members/${user}`);
