const steps: [Intl.RelativeTimeFormatUnit, number][] = [
  ["year", 365 * 86_400],
  ["month", 30 * 86_400],
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
];

const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
const exact = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "medium" });
const hour = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit", fractionalSecondDigits: 3 });

/** "3 minutes ago", "in 2 hours", "just now". */
export function sayAgo(at: string, now: number): string {
  const seconds = (Date.parse(at) - now) / 1000;
  for (const [unit, length] of steps) {
    if (Math.abs(seconds) >= length) {
      return relative.format(Math.trunc(seconds / length), unit);
    }
  }
  return seconds > 5 ? `in ${Math.round(seconds)} seconds` : "just now";
}

/** The moment in this browser's zone, to the second. */
export function sayExactly(at: string): string {
  return exact.format(new Date(at));
}

/** The time of day in this browser's zone, to the millisecond. */
export function sayClock(at: string): string {
  return clock.format(new Date(at));
}

/** The hour and minute in this browser's zone. */
export function sayHour(ms: number): string {
  return hour.format(ms);
}

/** 0.42 ms, 12 ms, 3.4 s. */
export function sayDuration(ms: number): string {
  if (ms >= 10_000) {
    return `${Math.round(ms / 1000)} s`;
  }
  if (ms >= 1_000) {
    return `${(ms / 1000).toFixed(1)} s`;
  }
  return ms >= 10 ? `${Math.round(ms)} ms` : `${ms.toFixed(ms >= 1 ? 1 : 2)} ms`;
}
