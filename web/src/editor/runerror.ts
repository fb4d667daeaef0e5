// The error of the last run, shown below the line that raised it.
import { StateEffect, StateField, type Extension } from "@codemirror/state";
import { Decoration, EditorView, WidgetType, type DecorationSet } from "@codemirror/view";

/** What a run ended with; line counts from 1. */
export interface RunError {
  line: number;
  message: string;
}

/** Marks the line of an error; null takes the mark away. */
export const setRunError = StateEffect.define<RunError | null>();

class Message extends WidgetType {
  constructor(readonly text: string) {
    super();
  }

  override eq(other: Message): boolean {
    return other.text === this.text;
  }

  override toDOM(): HTMLElement {
    const note = document.createElement("div");
    note.className = "cm-run-error";
    note.textContent = this.text;
    return note;
  }
}

// The mark follows its line through changes elsewhere, and goes when the line itself is changed.
const field = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(marks, transaction) {
    let next = marks.map(transaction.changes);
    if (transaction.docChanged && touches(marks, transaction.changes)) {
      next = Decoration.none;
    }
    for (const effect of transaction.effects) {
      if (effect.is(setRunError)) {
        next = effect.value ? marked(transaction.state.doc, effect.value) : Decoration.none;
      }
    }
    return next;
  },
  provide: (marks) => EditorView.decorations.from(marks),
});

function touches(marks: DecorationSet, changes: { touchesRange(from: number, to?: number): boolean | "cover" }): boolean {
  let touched = false;
  marks.between(0, Number.MAX_SAFE_INTEGER, (from, to) => {
    touched ||= changes.touchesRange(from, to) !== false;
  });
  return touched;
}

function marked(doc: EditorView["state"]["doc"], error: RunError): DecorationSet {
  const line = doc.line(Math.min(Math.max(1, error.line), doc.lines));
  return Decoration.set([
    Decoration.line({ class: "cm-run-error-line" }).range(line.from),
    Decoration.widget({ widget: new Message(error.message), block: true, side: 1 }).range(line.to),
  ]);
}

export const runErrors: Extension = field;
