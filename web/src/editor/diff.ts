// Two versions of a script beside each other, or as one text with what was taken out and put in.
import { EditorState, type Extension } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import { MergeView, goToNextChunk, unifiedMergeView } from "@codemirror/merge";
import { luaView, shadowOf } from "./editor";

/** The two sources that a view compares, and what to call them. */
export interface Comparison {
  before: string;
  after: string;
  beforeLabel: string;
  afterLabel: string;
}

// Of two equal sources everything would be folded away.
const folded = ({ before, after }: Comparison) => (before === after ? undefined : { margin: 3, minSize: 6 });

/** Shows a comparison inside host; the answer closes it. */
export function showDiff(host: HTMLElement, what: Comparison, sideBySide: boolean): () => void {
  const root = shadowOf(host);
  const view = sideBySide ? columns(root, what) : unified(root, what);
  return () => view.destroy();
}

function columns(root: ShadowRoot, what: Comparison): MergeView {
  return new MergeView({
    root,
    parent: root,
    a: { doc: what.before, extensions: still(what.beforeLabel) },
    b: { doc: what.after, extensions: still(what.afterLabel) },
    collapseUnchanged: folded(what),
  });
}

function unified(root: ShadowRoot, what: Comparison): EditorView {
  const view = new EditorView({
    root,
    parent: root,
    state: EditorState.create({
      doc: what.after,
      extensions: [
        still(`Changes from ${what.beforeLabel} to ${what.afterLabel}`),
        unifiedMergeView({ original: what.before, mergeControls: false, collapseUnchanged: folded(what) }),
      ],
    }),
  });
  goToNextChunk(view);
  return view;
}

// Read-only and not editable would take the keyboard's focus away, and with it scrolling by keys.
function still(label: string): Extension {
  return [
    luaView, EditorState.readOnly.of(true),
    EditorView.contentAttributes.of({ "aria-label": label, "aria-readonly": "true" }),
  ];
}
