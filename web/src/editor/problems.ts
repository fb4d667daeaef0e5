// What the server finds wrong with a script, shown while it is typed.
import { linter, type Diagnostic } from "@codemirror/lint";
import type { Extension, Text } from "@codemirror/state";
import type { Schemas } from "../api/types";

/** One finding of scripts:check; lines and columns count from 1, columns in bytes of UTF-8. */
export type Problem = Schemas["Diagnostic"];

/** Asks the server about a source; the signal ends a question that a newer one replaces. */
export type Check = (source: string, signal: AbortSignal) => Promise<Problem[]>;

/** How long typing must pause before the script is checked. */
const pauseMs = 400;

/**
 * Checks the script after each pause in typing and underlines what is found. report gets the findings, or null when
 * the server could not be asked: the marks then go, because they may be wrong by now.
 */
export function problemsOf(check: Check, report: (found: Problem[] | null) => void): Extension {
  let running: AbortController | null = null;
  return linter(
    async (view) => {
      running?.abort();
      const own = (running = new AbortController());
      const { doc } = view.state;
      let found: Problem[] | null;
      try {
        found = await check(doc.toString(), own.signal);
      } catch {
        found = null; // the page shows that by the report; the next pause asks again
      }
      if (own === running) {
        report(found);
      }
      return (found ?? []).map((problem) => diagnosticOf(doc, problem));
    },
    { delay: pauseMs },
  );
}

function diagnosticOf(doc: Text, problem: Problem): Diagnostic {
  const from = placeOf(doc, problem.line, problem.column);
  const line = doc.lineAt(from);
  const word = line.text.slice(from - line.from).match(/^(?:\w+|\S)/)?.[0] ?? "";
  return {
    from, to: from + word.length, severity: problem.severity, source: problem.code, message: problem.message,
  };
}

/** The place of a line and a column in bytes; past an end, that end. */
export function placeOf(doc: Text, line: number, column: number): number {
  const { from, text } = doc.line(Math.min(Math.max(1, line), doc.lines));
  const bytes = new TextEncoder().encode(text).slice(0, Math.max(0, column - 1));
  return from + new TextDecoder().decode(bytes).length;
}
