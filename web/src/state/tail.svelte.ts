// Executions of an app as they end: server-sent events, taken up again when the connection is lost.
import { streamURL, type Execution } from "../api/executions";

/** The most runs that are kept; older ones are on the pages of the list. */
const mostKept = 200;

/** A lost connection is tried again after a second, then after twice as long, up to this. */
const firstWaitMs = 1_000;
const longestWaitMs = 30_000;

/** Tail keeps the newest runs of an app that wanted admits. */
export class Tail {
  runs = $state.raw<Execution[]>([]);
  state = $state<"closed" | "connecting" | "open" | "waiting">("closed");
  /** Runs that ended and were not sent, because too many ended at once. */
  missed = $state(0);

  #source: EventSource | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #waitMs = firstWaitMs;

  constructor(
    readonly app: string,
    readonly wanted: (run: Execution) => boolean,
  ) {}

  /** Begins; returns what ends it. */
  start(): () => void {
    this.#connect();
    return () => this.#stop();
  }

  clear(): void {
    this.runs = [];
    this.missed = 0;
  }

  #connect(): void {
    this.state = "connecting";
    const source = (this.#source = new EventSource(streamURL(this.app)));
    source.addEventListener("open", () => {
      this.state = "open";
      this.#waitMs = firstWaitMs;
    });
    source.addEventListener("execution", (event) => this.#take(JSON.parse(event.data) as Execution));
    source.addEventListener("missed", (event) => (this.missed += (JSON.parse(event.data) as { missed: number }).missed));
    source.addEventListener("error", () => this.#lost());
  }

  #take(run: Execution): void {
    if (this.wanted(run)) {
      this.runs = [run, ...this.runs].slice(0, mostKept);
    }
  }

  // The browser would try again by itself, but not after an answer that is no stream, such as 503 while starting.
  #lost(): void {
    this.#source?.close();
    this.state = "waiting";
    this.#timer = setTimeout(() => this.#connect(), this.#waitMs);
    this.#waitMs = Math.min(longestWaitMs, this.#waitMs * 2);
  }

  #stop(): void {
    clearTimeout(this.#timer);
    this.#source?.close();
    this.#source = null;
    this.state = "closed";
  }
}
