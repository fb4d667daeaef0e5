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
const mostAtOnce = 4;

class Toasts {
  list = $state<Toast[]>([]);
  #next = 1;

  say(text: string): void {
    const id = this.#add({ kind: "done", text, detail: "" });
    setTimeout(() => this.close(id), shownMs);
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
    this.list = this.list.filter((toast) => toast.id !== id);
  }

  #add(toast: Omit<Toast, "id">): number {
    const id = this.#next++;
    this.list = [...this.list.slice(1 - mostAtOnce), { id, ...toast }];
    return id;
  }
}

export const toasts = new Toasts();
