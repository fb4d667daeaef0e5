// The replay of all unresolved dead letters of an app. It goes on while somebody looks at other pages, and is shown again
// when they come back.
import { listUnresolved, replayDeadLetter } from "../api/deadletters";
import { asApiError } from "../api/client";
import { navigation } from "./navigation.svelte";

class BulkReplay {
  /** The app that it is about; "" before the first. */
  app = $state("");
  running = $state(false);
  total = $state(0);
  done = $state(0);
  /** What could not be replayed, and why. */
  failures = $state.raw<{ id: string; message: string }[]>([]);

  #stop = false;

  async start(app: string): Promise<void> {
    this.app = app;
    this.running = true;
    [this.total, this.done, this.failures, this.#stop] = [0, 0, [], false];
    try {
      const letters = await listUnresolved(app);
      this.total = letters.length;
      // One after the other, the oldest first: as they happened, and a small computer answers.
      for (const letter of letters.reverse()) {
        if (this.#stop) {
          break;
        }
        await this.#replay(letter.id);
      }
    } finally {
      this.running = false;
      void navigation.recount();
    }
  }

  stop(): void {
    this.#stop = true;
  }

  async #replay(id: string): Promise<void> {
    try {
      await replayDeadLetter(id);
    } catch (thrown) {
      const error = asApiError(thrown);
      if (error.offline || error.status === 401) {
        throw error; // the rest would fare no better
      }
      this.failures = [...this.failures, { id, message: error.message }];
    }
    this.done++;
  }
}

export const bulkReplay = new BulkReplay();
