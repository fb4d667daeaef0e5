// The Lua editor. It lives in a shadow root: there CodeMirror's styles are style sheet objects, while in the page they
// would be a style element, which the content security policy refuses.
import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { StreamLanguage, bracketMatching, indentOnInput, indentUnit } from "@codemirror/language";
import { lua } from "@codemirror/legacy-modes/mode/lua";
import { lintGutter, lintKeymap } from "@codemirror/lint";
import { highlightSelectionMatches, search, searchKeymap } from "@codemirror/search";
import { EditorState, Prec, type Extension } from "@codemirror/state";
import {
  EditorView, drawSelection, highlightActiveLine, highlightActiveLineGutter, highlightSpecialChars, keymap, lineNumbers,
  type KeyBinding,
} from "@codemirror/view";
import { completionOf, helpOnNames } from "./complete";
import { Formatter } from "./format";
import { placeOf, problemsOf, type Check, type Problem } from "./problems";
import { runErrors, setRunError, type RunError } from "./runerror";
import { Sdk, type Description } from "./sdk";
import { look } from "./theme";

/** What an editor needs from the page around it. */
export interface EditorOptions {
  source: string;
  /** The editor's name for who cannot see it. */
  label: string;
  readOnly: boolean;
  describe: () => Promise<Description>;
  check: Check;
  onchange: (source: string) => void;
  onsave: () => void;
  onformat: () => void;
  onproblems: (found: Problem[] | null) => void;
}

/** LuaEditor is one editor on the page until it is closed. */
export class LuaEditor {
  readonly #view: EditorView;
  readonly #formatter = new Formatter();

  constructor(host: HTMLElement, options: EditorOptions) {
    const root = shadowOf(host);
    this.#view = new EditorView({
      parent: root,
      root,
      state: EditorState.create({ doc: options.source, extensions: extensionsOf(options) }),
    });
  }

  get source(): string {
    return this.#view.state.doc.toString();
  }

  /** Puts another source in; undo brings the former one back. */
  replace(source: string): void {
    const { doc } = this.#view.state;
    if (source !== doc.toString()) {
      this.#view.dispatch({ changes: { from: 0, to: doc.length, insert: source } });
    }
  }

  /** Shows the error of a run below its line; null takes it away. */
  showError(error: RunError | null): void {
    this.#view.dispatch({ effects: setRunError.of(error) });
  }

  /** Puts the cursor to a line and a column in bytes, both from 1. */
  goTo(line: number, column = 1): void {
    const anchor = placeOf(this.#view.state.doc, line, column);
    this.#view.dispatch({ selection: { anchor }, effects: EditorView.scrollIntoView(anchor, { y: "center" }) });
    this.#view.focus();
  }

  /** Formats the script unless it was changed meanwhile; fails with what stands in the way. */
  async format(): Promise<void> {
    const before = this.source;
    const formatted = await this.#formatter.format(before);
    if (before === this.source) {
      const cursor = this.#view.state.selection.main.head;
      this.replace(formatted);
      this.#view.dispatch({ selection: { anchor: Math.min(cursor, formatted.length) } });
    }
  }

  focus(): void {
    this.#view.focus();
  }

  close(): void {
    this.#formatter.close();
    this.#view.destroy();
  }
}

/** The shadow root of an element; a closed editor leaves it for the next one. */
export function shadowOf(host: HTMLElement): ShadowRoot {
  return host.shadowRoot ?? host.attachShadow({ mode: "open" });
}

/** How every view of a script looks and reads Lua. */
export const luaView: Extension = [
  StreamLanguage.define(lua),
  indentUnit.of("  "),
  EditorState.tabSize.of(2),
  lineNumbers(),
  highlightSpecialChars(),
  EditorView.lineWrapping,
  look,
];

function extensionsOf(options: EditorOptions): Extension {
  let loading: Promise<Sdk> | null = null;
  const load = () => (loading ??= describe(options).catch((thrown) => {
    loading = null; // asked again with the next name
    throw thrown;
  }));
  const help = helpOnNames(load);
  return [
    luaView,
    drawSelection(),
    highlightActiveLine(),
    highlightActiveLineGutter(),
    bracketMatching(),
    search({ top: true }),
    highlightSelectionMatches(),
    help.tooltip,
    EditorView.contentAttributes.of({ "aria-label": options.label, ...(options.readOnly ? {} : { "aria-description": wayOutHint }) }),
    options.readOnly
      ? [EditorState.readOnly.of(true), keymap.of([...searchKeymap, ...defaultKeymap, { key: "F1", run: help.command }])]
      : [writing(options, load), keymap.of([{ key: "F1", run: help.command }, ...commands(options)])],
    runErrors,
    wayOut(),
  ];
}

/** Keys that are pressed on the way to another, or with it. */
const modifiers = ["Shift", "Control", "Alt", "AltGraph", "Meta"];

// Esc gives Tab back to the browser, however long the next key takes, and also when it has closed a list or a panel.
// CodeMirror's own rule ends after two seconds, which is too short for who types slowly. Any other key, and coming back
// later, makes Tab indent again.
function wayOut(): Extension {
  let open = false;
  const set = (view: EditorView, to: boolean) => {
    if (to || open) {
      open = to; // the mode that Ctrl-M switches is left alone
      view.setTabFocusMode(to);
    }
  };
  return Prec.highest(
    EditorView.domEventHandlers({
      keydown(event, view) {
        if (event.key !== "Tab" && !modifiers.includes(event.key)) {
          set(view, event.key === "Escape");
        }
        return false;
      },
      blur: (_event, view) => set(view, false),
    }),
  );
}

/** The way out in words, for who does not see those below the editor. */
const wayOutHint = "Tab indents. To leave the editor with the keyboard, press Escape, then Tab.";

async function describe(options: EditorOptions): Promise<Sdk> {
  return new Sdk(await options.describe());
}

function writing(options: EditorOptions, load: () => Promise<Sdk>): Extension {
  return [
    history(),
    indentOnInput(),
    closeBrackets(),
    autocompletion({ override: [completionOf(load)], icons: false }),
    lintGutter(),
    problemsOf(options.check, options.onproblems),
    EditorView.updateListener.of((update) => {
      if (update.docChanged) {
        options.onchange(update.state.doc.toString());
      }
    }),
  ];
}

function commands(options: EditorOptions): KeyBinding[] {
  return [
    { key: "Mod-s", preventDefault: true, run: () => (options.onsave(), true) },
    { key: "Shift-Alt-f", preventDefault: true, run: () => (options.onformat(), true) },
    ...closeBracketsKeymap, ...completionKeymap, ...lintKeymap, ...searchKeymap, ...historyKeymap, ...defaultKeymap,
    indentWithTab,
  ];
}
