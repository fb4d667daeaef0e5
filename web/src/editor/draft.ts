// What somebody has typed and not saved, kept in this browser so that leaving the page loses nothing.

/** A source that was not saved; version is the one it was made from, at when it was last touched. */
export interface Draft {
  source: string;
  version: number;
  at: string;
}

/** DraftBox keeps the draft of one script for one person. */
export class DraftBox {
  readonly #key: string;

  constructor(userID: string, scriptID: string) {
    this.#key = `picloud.draft.${userID}.${scriptID}`;
  }

  /** The draft that was left; null when there is none that can be read. */
  read(): Draft | null {
    try {
      const kept = JSON.parse(localStorage.getItem(this.#key) ?? "null") as Partial<Draft> | null;
      const whole = typeof kept?.source === "string" && typeof kept.version === "number" && typeof kept.at === "string";
      return whole ? (kept as Draft) : null;
    } catch {
      return null; // no storage in this browser, or not ours: as if nothing had been left
    }
  }

  /** Keeps the draft and says whether the browser could: its storage may be full or shut. */
  keep(draft: Draft): boolean {
    try {
      localStorage.setItem(this.#key, JSON.stringify(draft));
      return true;
    } catch {
      return false;
    }
  }

  drop(): void {
    try {
      localStorage.removeItem(this.#key);
    } catch {
      // Without storage nothing was kept.
    }
  }
}
