import type { Execution } from "../../api/executions";

/** Devices give up after 4 to 5 seconds; a route that comes half as near is worth a hint (spec 2). */
const slowMs = 2_000;

/** Fewer calls than this say nothing. */
const fewest = 5;

/** The 95th percentile of what callers waited, when it is too long; null when it is not. */
export function slowest(runs: Execution[]): { ms: number; calls: number } | null {
  const waited = runs.filter((run) => run.invocation_type === "http").map((run) => run.duration_ms);
  waited.sort((a, b) => a - b);
  const ms = waited[Math.ceil(waited.length * 0.95) - 1] ?? 0;
  return waited.length >= fewest && ms > slowMs ? { ms, calls: waited.length } : null;
}
