// The formatter, loaded when it is first asked for.

type Answer = { id: number; formatted?: string; failure?: string };

/** Says why a script cannot be formatted. What is wrong with it stands below the editor, in words of the server. */
function reasonOf(failure: string): string {
  const lines = [...failure.matchAll(/\((\d+):\d+ to /g)].map((match) => Number(match[1]));
  return lines.length === 0 ? failure : `Only a script without syntax errors can be formatted. Look at line ${Math.min(...lines)} first.`;
}

/** Formatter puts Lua in order, in a worker of its own that it keeps until it is closed. */
export class Formatter {
  #worker: Worker | null = null;
  #waiting = new Map<number, { resolve: (source: string) => void; reject: (failure: Error) => void }>();
  #last = 0;

  /** The same script with even indents and spaces. Fails with what stands in the way, such as a syntax error. */
  format(source: string): Promise<string> {
    const worker = (this.#worker ??= this.#start());
    const id = ++this.#last;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      worker.postMessage({ id, source });
    });
  }

  close(): void {
    this.#fail("The page was left.");
  }

  #start(): Worker {
    const worker = new Worker(new URL("./formatter.worker.ts", import.meta.url), { type: "module" });
    worker.onmessage = ({ data }: MessageEvent<Answer>) => {
      const { resolve, reject } = this.#waiting.get(data.id) ?? {};
      this.#waiting.delete(data.id);
      if (data.formatted !== undefined) {
        resolve?.(data.formatted);
      } else {
        reject?.(new Error(reasonOf(data.failure ?? "")));
      }
    };
    worker.onerror = () => this.#fail("The formatter could not be loaded. Check that PiCloud can be reached, then try again.");
    return worker;
  }

  #fail(reason: string): void {
    this.#worker?.terminate();
    this.#worker = null;
    for (const { reject } of this.#waiting.values()) {
      reject(new Error(reason));
    }
    this.#waiting.clear();
  }
}
