// How the scripts of an app have been doing lately, from its newest execution records.
import { newestAppExecutions, newestExecutions, type Execution } from "../../api/executions";

/** What the records say about one script: its last run, and how many of the runs seen failed. */
export interface Health {
  last: Execution | null;
  runs: number;
  failed: number;
}

/** How many of the app's newest runs are looked at. */
const lookedAt = 100;

/** How many scripts that did not run among those are asked about, and how many at a time. */
const mostAsked = 40;
const atOnce = 3;

/** Reads the newest runs of the app, and the newest of each script that has none among them. */
export async function loadHealth(app: string, scripts: string[], signal: AbortSignal): Promise<Map<string, Health>> {
  const found = new Map(scripts.map((id): [string, Health] => [id, { last: null, runs: 0, failed: 0 }]));
  const newest = await newestAppExecutions(app, lookedAt, { signal });
  newest.forEach((run) => count(found.get(run.script_id), run));
  if (newest.length < lookedAt) {
    return found; // there are no others
  }
  const quiet = scripts.filter((id) => found.get(id)?.runs === 0).slice(0, mostAsked);
  const ask = async () => {
    for (let id = quiet.shift(); id !== undefined; id = quiet.shift()) {
      (await newestExecutions(id, 10, { signal })).forEach((run) => count(found.get(run.script_id), run));
    }
  };
  await Promise.all(Array.from({ length: atOnce }, ask));
  return found;
}

function count(health: Health | undefined, run: Execution): void {
  if (health) {
    health.last ??= run;
    health.runs++;
    health.failed += failed(run) ? 1 : 0;
  }
}

/** Whether a run did not do what it should; a refused or repeated webhook did. */
export function failed(run: Execution): boolean {
  return run.status !== "success" && run.status !== "rejected";
}
