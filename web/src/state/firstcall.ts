// The wait for a script to be called, after somebody has been told how to call it.
import { ApiError } from "../api/client";
import { newestExecutions, type Execution } from "../api/executions";

/** How often the log is asked. */
const askEveryMs = 1_500;

/** How many of the newest runs are looked at. */
const mostLookedAt = 20;

/**
 * Waits for a run that counts, and returns it. Runs that were there at the start do not count when fresh is true.
 * Ends with an error when signal says so.
 */
export async function waitForCall(
  script: string,
  signal: AbortSignal,
  { counts = () => true, fresh = true }: { counts?: (run: Execution) => boolean; fresh?: boolean } = {},
): Promise<Execution> {
  const before = fresh ? (await newestExecutions(script, 1, { signal }))[0]?.id : undefined;
  for (;;) {
    const newest = await newestExecutions(script, mostLookedAt, { signal }).catch((thrown) => {
      if (signal.aborted || !(thrown instanceof ApiError) || !thrown.offline) {
        throw thrown;
      }
      return []; // a Pi may restart meanwhile
    });
    const known = newest.findIndex((run) => run.id === before);
    const found = newest.slice(0, known < 0 ? undefined : known).reverse().find(counts);
    if (found) {
      return found;
    }
    await new Promise((resolve) => setTimeout(resolve, askEveryMs));
    signal.throwIfAborted();
  }
}
