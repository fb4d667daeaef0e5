import { ApiError, call, callURL, adminURL, post, serverRoot } from "./client";
import type { Schemas, User, Version } from "./types";

/** Makes the first owner with the one-time token that the server printed, and signs in as them. */
export async function setUp(token: string, username: string, password: string): Promise<User> {
  return (await post<Schemas["SignIn"]>("auth/setup", { token, username, password, cookie: true })).user;
}

export async function logIn(username: string, password: string): Promise<User> {
  return (await post<Schemas["SignIn"]>("auth/login", { username, password, cookie: true })).user;
}

/** The person whose session the browser still has; null when it has none that lives. */
export async function whoAmI(): Promise<User | null> {
  try {
    return await callURL<User>("GET", adminURL("auth/me"));
  } catch (thrown) {
    if (thrown instanceof ApiError && thrown.status === 401) {
      return null;
    }
    throw thrown;
  }
}

/** Fails when the server could not be told; the session then goes on until it ends by itself. */
export async function logOut(): Promise<void> {
  try {
    await callURL("POST", adminURL("auth/logout"), { body: {} });
  } catch (thrown) {
    if (!(thrown instanceof ApiError) || thrown.status !== 401) {
      throw thrown;
    }
  }
}

/** All other sessions of the person end. */
export async function changePassword(current: string, next: string): Promise<void> {
  await call("POST", "auth/password", { body: { current_password: current, new_password: next } });
}

export const readVersion = () => callURL<Version>("GET", new URL("version", serverRoot));
