import { get, type CallOptions } from "./client";
import type { Schemas } from "./types";

export type Stats = Schemas["InstanceStats"];
export type MinuteStats = Schemas["MinuteStats"];
export type Setting = Schemas["Setting"];

/** The instance's figures, with those of its newest minutes. */
export const readStats = (minutes: number, options?: CallOptions) =>
  get<Stats>("instance/stats", { ...options, query: { minutes } });

export const listSettings = (options?: CallOptions) =>
  get<Schemas["SettingList"]>("instance/settings", options).then((list) => list.items);
