// What the overview says about the instance, from its figures.
import type { MinuteStats, Stats } from "../../api/instance";

/** What happened in some minutes, together. */
export interface Sum {
  minutes: number;
  executions: number;
  failed: number;
  writtenBytes: number;
}

export function sumOf(minutes: MinuteStats[]): Sum {
  return {
    minutes: minutes.length,
    executions: total(minutes, (minute) => minute.executions),
    failed: total(minutes, (minute) => minute.failed),
    writtenBytes: total(minutes, (minute) => minute.written_bytes),
  };
}

function total(minutes: MinuteStats[], figure: (minute: MinuteStats) => number): number {
  return minutes.reduce((sum, minute) => sum + figure(minute), 0);
}

/** The share of runs that failed, "0 %" to "100 %"; "–" when nothing ran. */
export function sayRate({ executions, failed }: { executions: number; failed: number }): string {
  if (executions === 0) {
    return "–";
  }
  const percent = (100 * failed) / executions;
  return percent > 0 && percent < 1 ? "under 1 %" : `${Math.round(percent)} %`;
}

/** "2 days 3 hours", "5 minutes". */
export function sayUptime(stats: Stats): string {
  const minutes = Math.floor((Date.parse(stats.now) - Date.parse(stats.started_at)) / 60_000);
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
