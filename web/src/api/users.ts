import { get, patch, path, post, remove, type CallOptions, type Page } from "./client";
import type { Schemas, User } from "./types";

export type UserDraft = Schemas["UserDraft"];
export type UserChange = Schemas["UserChange"];

// The path keeps the older word for users.
export const listUsers = (options?: CallOptions) => get<Page<User>>("admins", options);
export const createUser = (draft: UserDraft) => post<User>("admins", draft);
export const changeUser = (id: string, change: UserChange) => patch<User>(path`admins/${id}`, change);
export const deleteUser = (id: string) => remove(path`admins/${id}`);
