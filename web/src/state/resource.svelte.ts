// What a page shows comes from the server, and is on its way, there, or not to be had. These two classes hold which;
// parts/Loaded.svelte shows it.
import { asApiError, isAbort, type ApiError, type Page } from "../api/client";
import { session } from "./session.svelte";

type Load<Value> = (signal: AbortSignal) => Promise<Value>;

/** A value from the server. What was read before stays while, and if, reading it again fails. */
export class Resource<Value> {
  value = $state.raw<Value | undefined>();
  error = $state.raw<ApiError | null>(null);
  loading = $state(false);

  #load: Load<Value>;
  #running: AbortController | null = null;

  constructor(load: Load<Value>) {
    this.#load = load;
  }

  /** Reads it; a reading that is still on its way is given up. */
  read(): Promise<void> {
    return this.run(this.#load, (value) => (this.value = value));
  }

  /** Reads it again. */
  reload = (): Promise<void> => this.read();

  stop(): void {
    this.#running?.abort();
  }

  protected async run<Answer>(load: Load<Answer>, keep: (answer: Answer) => void): Promise<void> {
    this.stop();
    const running = (this.#running = new AbortController());
    this.loading = true;
    try {
      const answer = await load(running.signal);
      if (running.signal.aborted) {
        return;
      }
      keep(answer);
      this.error = null;
    } catch (thrown) {
      if (running.signal.aborted || isAbort(thrown)) {
        return;
      }
      this.error = asApiError(thrown);
    }
    this.loading = false;
  }
}

/** Pages of a list that are read again at once. */
const mostReadAgain = 8;

/** A list that comes page by page. */
export class PagedResource<Item> extends Resource<Item[]> {
  next = $state<string | null>(null);
  #loadPage: (cursor: string | null, signal: AbortSignal) => Promise<Page<Item>>;

  constructor(loadPage: (cursor: string | null, signal: AbortSignal) => Promise<Page<Item>>) {
    super((signal) => loadPage(null, signal).then((page) => this.#keep(page)));
    this.#loadPage = loadPage;
  }

  /** Reads as many pages again as there are, so that the person stays where they were; of a great many only the first. */
  override reload = (): Promise<void> =>
    this.run(
      (signal) => this.#readAgain(this.value?.length ?? 0, signal),
      (all) => (this.value = this.#keep(all)),
    );

  async #readAgain(length: number, signal: AbortSignal): Promise<Page<Item>> {
    let { items, next_cursor } = await this.#loadPage(null, signal);
    for (let pages = 1; pages < mostReadAgain && items.length < length && next_cursor; pages++) {
      const page: Page<Item> = await this.#loadPage(next_cursor, signal);
      items = [...items, ...page.items];
      next_cursor = page.next_cursor;
    }
    return { items, next_cursor };
  }

  more = (): Promise<void> =>
    this.run(
      (signal) => this.#loadPage(this.next, signal),
      (page) => (this.value = [...(this.value ?? []), ...this.#keep(page)]),
    );

  #keep(page: Page<Item>): Item[] {
    this.next = page.next_cursor ?? null;
    return page.items;
  }
}

/**
 * A value that a component shows: read when the component comes, and again when state that load reads before its first
 * await changes.
 */
export function resource<Value>(load: Load<Value>): Resource<Value> {
  return follow(new Resource(load));
}

/** The same for a list; load gets the cursor of the page to read, null for the first. */
export function paged<Item>(
  load: (cursor: string | null, signal: AbortSignal) => Promise<Page<Item>>,
): PagedResource<Item> {
  return follow(new PagedResource(load));
}

function follow<Kind extends Resource<unknown>>(made: Kind): Kind {
  $effect(() => {
    void made.read();
    return () => made.stop();
  });
  // What got no answer is worth another try when the server answers again, and what got none without a session after
  // the sign-in.
  let missed = false;
  $effect(() => {
    if ((session.offline && made.error?.offline) || (session.expired && made.error?.status === 401)) {
      missed = true;
    } else if (missed) {
      missed = false;
      void made.reload();
    }
  });
  return made;
}
