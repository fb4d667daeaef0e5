// What the overview says about the instance, from its figures.
import type { Stats } from "../../api/instance";

/** What happened in some time, together. */
export interface Sum {
  /** The time's length, a minute at least. */
  minutes: number;
  /** The time in words, to come after what happened in it. */
  time: string;
  executions: number;
  failed: number;
  writtenBytes: number;
}

/**
 * Sums up the newest minutes. While the instance has not run for so long, everything since its start is summed up instead,
 * which has what the running minute brings too.
 */
export function sumOf(stats: Stats, range: number): Sum {
  const minutes = stats.minutes.slice(-range);
  if (minutes.length < range) {
    return {
      minutes: Math.max(1, minutesSinceStart(stats)),
      time: "since the start",
      executions: stats.executions.total,
      failed: stats.executions.failed,
      writtenBytes: total(Object.values(stats.written_bytes), (bytes) => bytes),
    };
  }
  return {
    minutes: range,
    time: range === 60 ? "in the last hour" : "in the last day",
    executions: total(minutes, (minute) => minute.executions),
    failed: total(minutes, (minute) => minute.failed),
    writtenBytes: total(minutes, (minute) => minute.written_bytes),
  };
}

function minutesSinceStart(stats: Stats): number {
  return Math.floor((Date.parse(stats.now) - Date.parse(stats.started_at)) / 60_000);
}

function total<Item>(items: Item[], figure: (item: Item) => number): number {
  return items.reduce((sum, item) => sum + figure(item), 0);
}

/** The share of runs that failed, "0 %" to "100 %"; "–" when nothing ran. */
export function sayRate({ executions, failed }: Sum): string {
  if (executions === 0) {
    return "–";
  }
  const percent = (100 * failed) / executions;
  return percent > 0 && percent < 1 ? "under 1 %" : `${Math.round(percent)} %`;
}

/** "2 days 3 hours", "5 minutes". */
export function sayUptime(stats: Stats): string {
  const minutes = minutesSinceStart(stats);
  const days = Math.floor(minutes / 1440);
  const hours = Math.floor((minutes % 1440) / 60);
  const parts = [
    [days, "day"],
    [hours, "hour"],
    [days > 0 ? 0 : minutes % 60, "minute"],
  ] as const;
  const said = parts.filter(([count]) => count > 0).map(([count, unit]) => `${count} ${unit}${count === 1 ? "" : "s"}`);
  return said.join(" ") || "< 1 minute";
}
