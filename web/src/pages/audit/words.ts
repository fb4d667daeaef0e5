/** What each action of the audit is called, in front of the name of what it was done to. */
export const actionNames: Record<string, string> = {
  change_app: "Changed the app",
  change_password: "Changed their password",
  change_route: "Changed the route",
  change_script: "Changed the script",
  change_trigger: "Changed the trigger",
  change_user: "Changed the user",
  create_api_key: "Made the API key",
  create_app: "Made the app",
  create_document: "Made the document",
  create_first_owner: "Made the first owner",
  create_grant: "Opened the home network for",
  create_route: "Made the route",
  create_script: "Made the script",
  create_trigger: "Made the trigger",
  create_user: "Made the user",
  delete_api_key: "Revoked the API key",
  delete_app: "Deleted the app",
  delete_document: "Deleted the document",
  delete_grant: "Closed the home network for",
  delete_kv: "Deleted the entry",
  delete_route: "Deleted the route",
  delete_script: "Deleted the script",
  delete_secret: "Deleted the secret",
  delete_trigger: "Deleted the trigger",
  delete_user: "Deleted the user",
  import_app: "Imported the app",
  put_document: "Replaced the document",
  remove_member: "Removed the member",
  replay_dead_letter: "Replayed the dead letter",
  reset_password: "Reset the password of",
  resolve_dead_letter: "Resolved the dead letter",
  roll_back_script: "Rolled back the script",
  set_kv: "Set the entry",
  set_member: "Set the member",
  set_sandbox: "Changed the sandbox of the app",
  set_secret: "Set the secret",
  set_up: "Claimed this PiCloud as",
  sign_in: "Signed in",
  sign_in_failed: "Failed to sign in",
  sign_out: "Signed out",
  take_backup: "Took a backup",
};

export const sayAction = (action: string): string => actionNames[action] ?? action.replaceAll("_", " ");

function textOf(value: unknown): string {
  return Array.isArray(value) ? value.map(textOf).join(" ") : typeof value === "string" ? value : JSON.stringify(value);
}

/** The details of an entry in a line: "role: admin, active: false". */
export function sayDetails(details: unknown): string {
  if (details === null || typeof details !== "object") {
    return "";
  }
  const parts = Object.entries(details).map(([name, value]) => {
    return `${name.replaceAll("_", " ")}: ${textOf(value)}`;
  });
  return parts.join(", ");
}
