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
  editor: "Also changes scripts, routes, triggers and data",
  app_admin: "Also members, secrets, import and deletion",
};

/** Choices for a Field, each with its meaning. */
export const appRoleOptions = (Object.keys(appRoleNames) as AppRole[]).map((role) => ({
  value: role,
  text: `${appRoleNames[role]}: ${appRoleMeanings[role]}`,
}));
