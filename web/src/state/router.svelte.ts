// Where the person is: the address below the page's root, as history entries, so that every place has a URL that can be
// reloaded, sent to somebody, and gone back to. Filters are in the query.
import { pageRoot, searchOf, type Query } from "../api/client";

/** How a navigation came about; it decides about focus and scrolling. */
export type Cause = "open" | "go" | "back";

/** Marks an entry of the history that stands over the one before it. */
const over = { isOver: true };

class Router {
  /** The place, without slashes around it: "apps/home/scripts". */
  place = $state("");
  query = $state.raw(new URLSearchParams());
  cause = $state<Cause>("open");

  constructor() {
    this.#read();
  }

  /** Begins to follow links and the browser's back button; returns what ends that. */
  start(): () => void {
    const stop = new AbortController();
    addEventListener("popstate", () => this.#arrive("back"), { signal: stop.signal });
    document.addEventListener("click", (event) => this.#click(event), { signal: stop.signal });
    return () => stop.abort();
  }

  /** The address of a place, for links. */
  href(place: string, query: Query = {}): string {
    return pageRoot.pathname + place + searchOf(query);
  }

  go(place: string, query: Query = {}): void {
    history.pushState(null, "", this.href(place, query));
    this.#arrive("go");
  }

  /** Goes to a place that takes the present one's entry in the history. */
  replace(place: string, query: Query = {}): void {
    history.replaceState(null, "", this.href(place, query));
    this.#arrive("go");
  }

  /** Changes filters of the present place; an empty value drops one. Focus stays where it is. */
  setQuery(change: Query): void {
    history.replaceState(history.state, "", this.#changed(change));
    this.#read();
  }

  /** Opens what stands over the present place, such as a dialog: the browser's back button closes it. */
  open(change: Query): void {
    history.pushState(over, "", this.#changed(change));
    this.#read();
  }

  /** Closes it, and takes the entry that open made out of the way. */
  close(change: Query): void {
    const { isOver } = (history.state ?? {}) as Partial<typeof over>;
    history.replaceState(null, "", this.#changed(change));
    this.#read();
    if (isOver) {
      history.back();
    }
  }

  #changed(change: Query): string {
    return this.href(this.place, { ...Object.fromEntries(this.query), ...change });
  }

  #arrive(cause: Cause): void {
    this.cause = cause;
    this.#read();
  }

  #read(): void {
    const { pathname, search } = location;
    const place = pathname.startsWith(pageRoot.pathname) ? pathname.slice(pageRoot.pathname.length) : "";
    this.place = place.replace(/^\/+|\/+$/g, "");
    if (search.slice(1) !== this.query.toString()) {
      this.query = new URLSearchParams(search);
    }
  }

  #click(event: MouseEvent): void {
    const link = event.target instanceof Element ? event.target.closest("a") : null;
    const plain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
    if (!link || !plain || event.defaultPrevented || link.target || link.hasAttribute("download")) {
      return;
    }
    const url = new URL(link.href);
    if (url.origin !== location.origin || !url.pathname.startsWith(pageRoot.pathname) || link.hash !== "") {
      return;
    }
    event.preventDefault();
    if (url.href !== location.href) {
      history.pushState(url.pathname === location.pathname ? over : null, "", url);
    }
    this.#arrive("go");
  }
}

export const router = new Router();
