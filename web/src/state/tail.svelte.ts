// Executions of an app as they end: server-sent events, taken up where they were when the connection is lost.
import { streamURL, type Execution, type ExecutionFilter } from "../api/executions";
import { parseJSON } from "../api/json";

/** The most runs that are kept; older ones are on the pages of the list. */
const mostKept = 200;

/** A lost connection is tried again after a second, then after twice as long, up to this. */
const firstWaitMs = 1_000;
const longestWaitMs = 30_000;

/** Answers after which another try would end the same way. */
const final = ["unauthorized", "forbidden", "not_found"];

/** Tail keeps the newest of an app's runs that a filter admits, as long as it is followed. */
export class Tail {
  runs = $state.raw<Execution[]>([]);
  state = $state<"closed" | "connecting" | "open" | "waiting">("closed");
  /** Runs that were not sent, because more ended than this page could take. */
  missed = $state(0);
  /** Why the server ended the stream for good. */
  ended = $state("");

  #source: EventSource | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #waitMs = firstWaitMs;
  /** The place from which to go on. */
  #after = "";

  /** Begins; returns what ends it. */
  follow(app: string, filter: ExecutionFilter): () => void {
    this.clear();
    this.#after = "";
    this.#connect(app, filter);
    return () => this.#stop();
  }

  clear(): void {
    this.runs = [];
    this.missed = 0;
    this.ended = "";
  }

  #connect(app: string, filter: ExecutionFilter): void {
    this.state = "connecting";
    const source = (this.#source = new EventSource(streamURL(app, filter, this.#after)));
    const on = (kind: string, take: (data: unknown) => void) =>
      source.addEventListener(kind, (event: MessageEvent<string>) => {
        this.#after = event.lastEventId || this.#after;
        take(parseJSON(event.data));
      });
    on("ready", () => {
      this.state = "open";
      this.#waitMs = firstWaitMs;
    });
    on("execution", (run) => this.#take(run as Execution));
    on("dropped", (data) => (this.missed += (data as { count: number }).count));
    on("end", (data) => this.#end(data as { code: string; message: string }, () => this.#again(app, filter)));
    source.addEventListener("error", () => this.#again(app, filter));
  }

  // What was read again after a lost connection may be here already.
  #take(run: Execution): void {
    this.runs = [run, ...this.runs.filter((other) => other.id !== run.id)].slice(0, mostKept);
  }

  #end({ code, message }: { code: string; message: string }, again: () => void): void {
    if (final.includes(code)) {
      this.#stop();
      this.ended = message;
    } else {
      again();
    }
  }

  // The browser would try again by itself, but not after an answer that is no stream, such as 503 while starting.
  #again(app: string, filter: ExecutionFilter): void {
    this.#source?.close();
    clearTimeout(this.#timer);
    this.state = "waiting";
    this.#timer = setTimeout(() => this.#connect(app, filter), this.#waitMs);
    this.#waitMs = Math.min(longestWaitMs, this.#waitMs * 2);
  }

  #stop(): void {
    clearTimeout(this.#timer);
    this.#source?.close();
    this.#source = null;
    this.state = "closed";
  }
}
