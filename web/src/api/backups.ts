import { get, saveAnswer, type CallOptions } from "./client";
import type { Schemas } from "./types";

export type Backup = Schemas["Backup"];
export type BackupList = Schemas["BackupList"];

export const listBackups = (options?: CallOptions) => get<BackupList>("instance/backups", options);

/** A large database on a slow card takes its time. */
const longestBackupMs = 15 * 60_000;

/** Takes a backup and has the browser save it. */
export const takeBackup = () => saveAnswer("POST", "instance/backup", { body: {}, timeoutMs: longestBackupMs });
