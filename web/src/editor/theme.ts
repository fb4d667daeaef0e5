// How scripts look: colours of the language, and of the editor's own parts.
import { HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import type { Extension } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import { tags } from "@lezer/highlight";

// Each pair is light and dark; all have a contrast of at least 4.5:1 on the raised ground, and on an active line.
const colours = HighlightStyle.define([
  { tag: tags.keyword, color: "light-dark(#8a1457, #ff9ac4)" },
  { tag: tags.string, color: "light-dark(#226a33, #94d8a2)" },
  { tag: tags.number, color: "light-dark(#9a4a00, #ffbf80)" },
  { tag: tags.comment, color: "light-dark(#4f5a56, #aab6b3)", fontStyle: "italic" },
  { tag: tags.standard(tags.variableName), color: "light-dark(#1d5a97, #93c4f5)" },
]);

const parts = EditorView.theme({
  "&": { height: "100%", color: "var(--text)", backgroundColor: "var(--raised)", fontSize: "0.875rem" },
  "&.cm-focused": { outline: "none" }, // the element around the editor shows the focus
  ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "1.55" },
  ".cm-content": { caretColor: "var(--text)", padding: "0.5rem 0" },
  ".cm-cursor, .cm-dropCursor": { borderLeftColor: "var(--text)" },
  ".cm-gutters": { backgroundColor: "var(--sunken)", color: "var(--muted)", border: "none" },
  ".cm-activeLine": { backgroundColor: "light-dark(#1b23260a, #e6ebea0d)" },
  ".cm-activeLineGutter": { backgroundColor: "light-dark(#1b232614, #e6ebea14)", color: "var(--text)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": {
    backgroundColor: "light-dark(#b3124a2e, #ff82a940)",
  },
  "&.cm-focused .cm-matchingBracket": { backgroundColor: "light-dark(#1d5a9726, #93c4f533)", outline: "1px solid var(--edge)" },
  ".cm-searchMatch": { backgroundColor: "light-dark(#ffe08a, #6b5200)" },
  ".cm-searchMatch-selected": { backgroundColor: "light-dark(#ffb84d, #946c00)" },
  ".cm-tooltip": {
    backgroundColor: "var(--raised)", color: "var(--text)", border: "1px solid var(--edge)", borderRadius: "0.5rem",
    boxShadow: "var(--shadow-float)",
  },
  ".cm-tooltip.cm-tooltip-autocomplete > ul": { fontFamily: "var(--mono)", maxHeight: "16em" },
  ".cm-tooltip.cm-tooltip-autocomplete > ul > li": { padding: "0.125rem 0.5rem", minHeight: "1.5rem" },
  ".cm-tooltip-autocomplete ul li[aria-selected]": { backgroundColor: "var(--accent)", color: "var(--on-accent)" },
  ".cm-completionDetail": { color: "inherit", fontStyle: "normal", opacity: "0.85" },
  ".cm-completionMatchedText": { textDecoration: "none", fontWeight: "700" },
  ".cm-tooltip.cm-completionInfo": { padding: "0.5rem 0.75rem", maxWidth: "26rem" },
  ".cm-panels": { backgroundColor: "var(--sunken)", color: "var(--text)", borderColor: "var(--line)" },
  ".cm-panel.cm-search": { padding: "0.5rem", fontSize: "0.875rem" },
  ".cm-panel.cm-search label": { fontSize: "inherit", whiteSpace: "nowrap" },
  ".cm-textfield": { backgroundColor: "var(--raised)", border: "1px solid var(--edge)", borderRadius: "0.25rem", minHeight: "1.75rem", fontSize: "inherit", color: "var(--text)" },
  ".cm-button": {
    backgroundImage: "none", backgroundColor: "var(--raised)", border: "1px solid var(--edge)", borderRadius: "0.25rem",
    minHeight: "1.75rem", fontSize: "inherit", color: "var(--text)",
  },
  ".cm-panel.cm-search [name=close]": { minWidth: "1.75rem", minHeight: "1.75rem", color: "var(--text)" },
  ".cm-lintRange-error": { backgroundImage: "none", textDecoration: "underline wavy light-dark(#c01818, #ff8f86)", textDecorationSkipInk: "none" },
  ".cm-lintRange-warning": { backgroundImage: "none", textDecoration: "underline wavy light-dark(#8f5f00, #e8b64c)", textDecorationSkipInk: "none" },
  // The library's own marks are pictures in data URIs, which the content security policy refuses.
  ".cm-lint-marker": { display: "grid", placeItems: "center", fontWeight: "700", fontSize: "0.75rem" },
  ".cm-lint-marker-error": { content: "normal", color: "var(--bad)" },
  ".cm-lint-marker-error::before": { content: '"✕"' },
  ".cm-lint-marker-warning": { content: "normal", color: "var(--warn)" },
  ".cm-lint-marker-warning::before": { content: '"!"' },
  ".cm-diagnostic": { padding: "0.375rem 0.625rem", whiteSpace: "normal" },
  ".cm-help": { padding: "0.5rem 0.75rem", maxWidth: "min(32rem, 85vw)", maxHeight: "20rem", overflow: "auto", fontSize: "0.875rem" },
  ".cm-help code, .cm-help pre": { fontFamily: "var(--mono)", fontSize: "0.8125rem" },
  ".cm-help p": { margin: "0.375rem 0 0" },
  ".cm-help ul": { margin: "0.375rem 0 0", paddingLeft: "1.125rem" },
  ".cm-help pre": { margin: "0.5rem 0 0", padding: "0.5rem", backgroundColor: "var(--sunken)", borderRadius: "0.25rem", overflow: "auto" },
  ".cm-run-error-line": { backgroundColor: "var(--bad-soft)" },
  ".cm-run-error": {
    padding: "0.25rem 0.75rem", backgroundColor: "var(--bad-soft)", color: "var(--bad)", borderLeft: "3px solid var(--bad)",
    whiteSpace: "pre-wrap", overflowWrap: "anywhere", fontFamily: "var(--sans)",
  },
  "&.cm-merge-b .cm-changedLine, .cm-inlineChangedLine": { backgroundColor: "light-dark(#e2f4e5, #16301d)" },
  "&.cm-merge-b .cm-changedText": { background: "light-dark(#bfe8c7, #234f30)" },
  "&.cm-merge-b .cm-insertedLine": { background: "none" },
  "&.cm-merge-a .cm-changedLine, .cm-deletedChunk": { backgroundColor: "light-dark(#fbe6e4, #3a1b1b)" },
  "&.cm-merge-a .cm-changedText, .cm-deletedChunk .cm-deletedText": { background: "light-dark(#f7cac6, #5f2626)" },
  ".cm-deletedLine, .cm-deletedLine del": { textDecoration: "none" },
  ".cm-collapsedLines": { background: "var(--sunken)", color: "var(--muted)", padding: "0.25rem 0.75rem" },
});

/** The look of every editor. The colours of the page reach it as custom properties, light and dark with color-scheme. */
export const look: Extension = [parts, syntaxHighlighting(colours)];
