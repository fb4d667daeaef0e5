// Short news about what the person has just done. Screen readers hear them.
import { asApiError, isAbort } from "../api/client";

export interface Toast {
  id: number;
  kind: "done" | "failed";
  text: string;
  detail: string;
}

/** Long enough to read two lines; failures stay until they are closed. */
const shownMs = 6_000;
const mostAtOnce = 3;

class Toasts {
  list = $state<Toast[]>([]);
  #next = 1;
  #timers = new Map<number, ReturnType<typeof setTimeout>>();
  #held = false;

  say(text: string): void {
    this.#add({ kind: "done", text, detail: "" });
  }

  /** Tells of a call that failed; a call that the page itself gave up is no failure. */
  fail(thrown: unknown): void {
    if (isAbort(thrown)) {
      return;
    }
    const error = asApiError(thrown);
    this.#add({ kind: "failed", text: error.message, detail: error.requestId ? `Request ${error.requestId}` : "" });
  }

  close(id: number): void {
    clearTimeout(this.#timers.get(id));
    this.#timers.delete(id);
    this.list = this.list.filter((toast) => toast.id !== id);
  }

  /** Keeps what is there, as long as somebody points at it or has the keyboard in it. */
  hold(): void {
    this.#held = true;
    this.#timers.forEach(clearTimeout);
    this.#timers.clear();
  }

  /** Ends hold: what is there has its whole time again. */
  release(): void {
    this.#held = false;
    this.#wait();
  }

  #add(toast: Omit<Toast, "id">): void {
    this.list.slice(0, -(mostAtOnce - 1)).forEach(({ id }) => this.close(id));
    this.list = [...this.list, { id: this.#next++, ...toast }];
    this.#wait();
  }

  #wait(): void {
    for (const { id, kind } of this.list) {
      if (kind === "done" && !this.#held && !this.#timers.has(id)) {
        this.#timers.set(id, setTimeout(() => this.close(id), shownMs));
      }
    }
  }
}

export const toasts = new Toasts();
