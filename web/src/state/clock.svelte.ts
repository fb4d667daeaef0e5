// The present moment for everything that says how long ago something was: one timer, only while somebody looks.
import { createSubscriber } from "svelte/reactivity";
import { serverIsAheadBy } from "../api/client";

const everyMs = 15_000;

class Clock {
  #subscribe = createSubscriber((update) => {
    const timer = setInterval(update, everyMs);
    return () => clearInterval(timer);
  });

  /** Milliseconds since 1970 by the server's clock, whose moments are compared with it: a Pi may have no clock of its own. */
  get now(): number {
    this.#subscribe();
    return Date.now() + serverIsAheadBy();
  }
}

export const clock = new Clock();
