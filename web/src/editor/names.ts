// Which name of the library stands at a place of a script.
import { syntaxTree } from "@codemirror/language";
import type { EditorState } from "@codemirror/state";

/** A name with dots or a colon, and where its last part stands. */
export interface Name {
  path: string[];
  from: number;
  to: number;
}

/** Whether a place is inside a string or a comment, where names mean nothing. */
export function isText(state: EditorState, position: number): boolean {
  const name = syntaxTree(state).resolveInner(position, -1).name;
  return name === "string" || name === "comment";
}

/** The name under a place, up to and with the part that is there; null when there is none. */
export function nameAt(state: EditorState, position: number): Name | null {
  const line = state.doc.lineAt(position);
  for (const match of line.text.matchAll(/[A-Za-z_]\w*(?:[.:][A-Za-z_]\w*)*/g)) {
    const start = line.from + match.index;
    if (position < start || position > start + match[0].length) {
      continue;
    }
    return isText(state, start + 1) ? null : upTo(match[0], start, position);
  }
  return null;
}

function upTo(text: string, start: number, position: number): Name {
  const path: string[] = [];
  let from = start;
  for (const part of text.split(/[.:]/)) {
    path.push(part);
    if (position <= from + part.length) {
      return { path, from, to: from + part.length };
    }
    from += part.length + 1;
  }
  return { path, from: start, to: start + text.length };
}

/** A call whose brackets are still open at a place, and which of its arguments the place is in. */
export interface OpenCall {
  path: string[];
  argument: number;
  /** Whether the place is a direct part of a table that is written as that argument. */
  inTable: boolean;
}

/** How far back a call may have begun, in characters. */
const reach = 4000;

/** The call around a place; null when the place is in no call's brackets. */
export function callAt(state: EditorState, position: number): OpenCall | null {
  const start = Math.max(0, position - reach);
  const text = state.sliceDoc(start, position);
  let depth = 0;
  let argument = 0;
  let inTable = false;
  for (let i = text.length - 1; i >= 0; i--) {
    const letter = text.charAt(i);
    if (!"(){}[],".includes(letter) || isText(state, start + i + 1)) {
      continue;
    }
    if (")}]".includes(letter)) {
      depth++;
    } else if (depth > 0) {
      depth -= letter === "," ? 0 : 1;
    } else if (letter === ",") {
      argument++;
    } else if (letter === "{" && !inTable) {
      [inTable, argument] = [true, 0];
    } else if (letter === "(") {
      const callee = text.slice(0, i).match(/([A-Za-z_]\w*(?:[.:][A-Za-z_]\w*)*)\s*$/)?.[1];
      return callee === undefined ? null : { path: callee.split(/[.:]/), argument, inTable };
    } else {
      return null;
    }
  }
  return null;
}
