// Who is signed in, which apps they see, and whether the server answers.
import { listApps } from "../api/apps";
import * as auth from "../api/auth";
import { asApiError, watchCalls, type ApiError } from "../api/client";
import type { AppInfo, AppRole, Role, User, Version } from "../api/types";
import type { Need } from "../routes";

const roleOrder: Role[] = ["member", "admin", "owner"];
const appRoleOrder: AppRole[] = ["viewer", "editor", "app_admin"];

class Session {
  user = $state.raw<User | null>(null);
  apps = $state.raw<AppInfo[]>([]);
  version = $state.raw<Version | null>(null);
  /** The server knows the session no more; the page waits behind the sign-in for the same person. */
  expired = $state(false);
  /** Why the person has to sign in, when they did not ask to. */
  notice = $state("");
  /** The last call got no answer. */
  offline = $state(false);

  constructor() {
    watchCalls((error) => this.#watch(error));
  }

  /** Finds the session that the browser still has, if any. */
  async resume(): Promise<void> {
    const user = await auth.whoAmI();
    if (user) {
      await this.begin(user);
    }
  }

  /** Begins the session of somebody who has just signed in. */
  async begin(user: User): Promise<void> {
    this.notice = "";
    [this.version, this.apps] = await Promise.all([auth.readVersion(), listApps()]);
    this.user = user;
    this.expired = false;
  }

  async end(): Promise<void> {
    this.user = null;
    this.expired = false;
    this.apps = [];
    try {
      await auth.logOut();
      this.notice = "You are signed out.";
    } catch {
      this.notice = "PiCloud could not be told, so you may still be signed in. Open this page again to see.";
    }
  }

  /** Asks whether the server answers. */
  async ask(): Promise<void> {
    this.offline = await auth.readVersion().then(
      () => false,
      (thrown) => asApiError(thrown).offline,
    );
  }

  async reloadApps(): Promise<void> {
    this.apps = await listApps();
  }

  /** Whether the person's role in the instance is at least this one. */
  is(role: Role): boolean {
    return this.user !== null && roleOrder.indexOf(this.user.role) >= roleOrder.indexOf(role);
  }

  #watch(error: ApiError | null): void {
    this.offline = error?.offline ?? false;
    if (error?.status === 401 && this.user) {
      this.expired = true;
      this.notice = "Your session has ended. Sign in again to go on where you were.";
    }
  }
}

/** Whether the person's role in an app is at least this one. */
export function mayIn(app: AppInfo, role: AppRole): boolean {
  return appRoleOrder.indexOf(app.my_role) >= appRoleOrder.indexOf(role);
}

/** Whether the person's roles reach what a place needs; app is the one of its address. */
export function reaches(need: Need | undefined, app: AppInfo | null | undefined): boolean {
  if (need === undefined) {
    return true;
  }
  return isAppRole(need) ? app != null && mayIn(app, need) : session.is(need);
}

const isAppRole = (need: Need): need is AppRole => appRoleOrder.some((role) => role === need);

export const session = new Session();
