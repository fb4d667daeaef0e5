import { get, patch, path, post, remove, type CallOptions, type Page } from "./client";
import type { Role, User } from "./types";

export interface UserDraft {
  username: string;
  password: string;
  role: Role;
}

export interface UserChange {
  role?: Role;
  active?: boolean;
  password?: string;
}

// The path keeps the older word for users.
export const listUsers = (options?: CallOptions) => get<Page<User>>("admins", options);
export const createUser = (draft: UserDraft) => post<User>("admins", draft);
export const changeUser = (id: string, change: UserChange) => patch<User>(path`admins/${id}`, change);
export const deleteUser = (id: string) => remove(path`admins/${id}`);
