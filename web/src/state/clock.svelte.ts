// The present moment for everything that says how long ago something was: one timer, only while somebody looks.
import { createSubscriber } from "svelte/reactivity";

const everyMs = 15_000;

class Clock {
  #subscribe = createSubscriber((update) => {
    const timer = setInterval(update, everyMs);
    return () => clearInterval(timer);
  });

  /** Milliseconds since 1970. */
  get now(): number {
    this.#subscribe();
    return Date.now();
  }
}

export const clock = new Clock();
