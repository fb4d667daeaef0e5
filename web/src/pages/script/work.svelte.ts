// The work on one script's source: what is typed, what is saved, what is in between.
import { asApiError, ApiError } from "../../api/client";
import { changeScript, showScript } from "../../api/scripts";
import type { Script } from "../../api/types";
import { DraftBox } from "../../editor/draft";
import type { LuaEditor } from "../../editor/editor";

/** Typing pauses this long before the draft is kept again. */
const keepAfterMs = 800;

/** SourceWork follows the source from the moment that a script is opened. */
export class SourceWork {
  /** The script as it was last read or saved; typed is compared with it. */
  saved = $state.raw<Script>() as Script;
  typed = $state("");
  /** The version that the typed source was made from. */
  base = $state(0);
  /** When the draft that was found was left, "" when there was none. */
  restored = $state("");
  saving = $state(false);
  error = $state.raw<ApiError | null>(null);
  /** What somebody else saved meanwhile. */
  theirs = $state.raw<Script | null>(null);
  editor = $state.raw<LuaEditor | null>(null);

  unsaved = $derived.by(() => this.typed !== (this.saved.source ?? ""));

  readonly #drafts: DraftBox;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(userID: string, script: Script) {
    this.#drafts = new DraftBox(userID, script.id);
    this.saved = script;
    this.base = script.version;
    this.typed = script.source ?? "";
    const draft = this.#drafts.read();
    if (draft && draft.source !== this.typed) {
      this.typed = draft.source;
      this.base = draft.version;
      this.restored = draft.at;
    }
  }

  /** Takes what was typed and keeps it soon. */
  type(source: string): void {
    this.typed = source;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.keep(), keepAfterMs);
  }

  /** Keeps what is not saved, for when the page is left. */
  keep = (): void => {
    clearTimeout(this.#timer);
    if (this.unsaved) {
      this.#drafts.keep({ source: this.typed, version: this.base, at: new Date().toISOString() });
    } else {
      this.#drafts.drop();
    }
  };

  /** Saves what is typed and says whether that worked. A save in between by somebody else is not overwritten. */
  async save(): Promise<boolean> {
    if (this.saving) {
      return false;
    }
    this.saving = true;
    this.error = null;
    const source = this.typed;
    try {
      this.#settle(await changeScript(this.saved.id, { source, version: this.base }), source);
      return true;
    } catch (thrown) {
      await this.#refused(asApiError(thrown));
      return false;
    } finally {
      this.saving = false;
    }
  }

  /** Saves what is typed over what somebody else saved. */
  async overwrite(): Promise<boolean> {
    if (this.theirs) {
      this.base = this.theirs.version;
    }
    return this.save();
  }

  /** Gives up what is typed for what is saved, or for what somebody else saved. */
  revert(script: Script = this.saved): void {
    this.#settle(script, script.source ?? "");
    this.typed = script.source ?? "";
    this.editor?.replace(this.typed);
    this.keep();
  }

  #settle(script: Script, source: string): void {
    this.saved = { ...script, source };
    this.base = script.version;
    this.restored = "";
    this.theirs = null;
    this.error = null;
    this.keep();
  }

  async #refused(error: ApiError): Promise<void> {
    if (error.code !== "stale_version") {
      this.error = error;
      return;
    }
    try {
      this.theirs = await showScript(this.saved.id);
    } catch (thrown) {
      this.error = asApiError(thrown);
    }
  }
}
