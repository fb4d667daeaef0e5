import { parseJSON, writeJSON } from "../../api/json";

/** JSON text to a value, or why it is none. */
export function readJSON(text: string): { value?: unknown; complaint: string } {
  try {
    return { value: parseJSON(text), complaint: "" };
  } catch (thrown) {
    return { complaint: `This is not JSON: ${thrown instanceof Error ? thrown.message : thrown}` };
  }
}

/** The most of a value that a row of a table shows. */
const mostInRow = 200;

/** A value on one line. */
export function inOneLine(value: unknown): string {
  const text = writeJSON(value);
  return text.length > mostInRow ? `${text.slice(0, mostInRow)}…` : text;
}
