import type { AppRole, Role } from "../api/types";

/** What a role is called, and what it lets somebody do. */
export const roleNames: Record<Role, string> = { owner: "Owner", admin: "Admin", member: "Member" };
export const roleMeanings: Record<Role, string> = {
  owner: "Everything, other owners included",
  admin: "All apps and users, but not owners",
  member: "Only the apps that list them as a member",
};

export const appRoleNames: Record<AppRole, string> = { viewer: "Viewer", editor: "Editor", app_admin: "App admin" };
export const appRoleMeanings: Record<AppRole, string> = {
  viewer: "Reads everything but secrets",
  editor: "Reads, and changes scripts, routes, triggers and data",
  app_admin: "Does everything here, members and secrets included",
};

/** Choices for a Field; the meaning of the chosen one is its hint. */
export const appRoleOptions = (Object.keys(appRoleNames) as AppRole[]).map((role) => ({
  value: role,
  text: appRoleNames[role],
}));

/** The same for roles in the instance; only an owner makes owners. */
export function roleOptions(withOwner: boolean): { value: Role; text: string }[] {
  const roles: Role[] = withOwner ? ["member", "admin", "owner"] : ["member", "admin"];
  return roles.map((role) => ({ value: role, text: roleNames[role] }));
}
