// JSON without loss. Scripts, devices and people store numbers of any length, while JavaScript's own hold 15 to 17
// digits; what somebody only looks at, or changes beside such a number, must not come back with other digits.

/** A number that JavaScript would round, as it was written. */
class LongNumber {
  constructor(readonly digits: string) {}

  toJSON(): string {
    return mark + this.digits;
  }

  toString(): string {
    return this.digits;
  }
}

// JSON.parse and JSON.stringify take a long number for text that begins with this, which no stored text can know.
const mark = `${crypto.getRandomValues(new Uint32Array(4)).join("-")}:`;
const marked = new RegExp(`"${mark}([^"]+)"`, "g");

/** Text or a number: text is taken whole, so that digits in it are left alone. */
const tokens = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d[\d.eE+-]*/g;

/** Only a number with so many digits, or so large an exponent, may be rounded. */
const perhapsLong = /\d[\d.]{15}|[eE][+-]?\d{3}/;

/** Reads JSON; numbers that would be rounded keep their digits until writeJSON. Throws as JSON.parse does. */
export function parseJSON(text: string): unknown {
  const value: unknown = JSON.parse(text);
  if (!perhapsLong.test(text)) {
    return value;
  }
  const exact = text.replace(tokens, (token) => (isLong(token) ? `"${mark}${token}"` : token));
  return exact === text ? value : JSON.parse(exact, unmark);
}

/** Writes JSON, on one line unless indent is the number of spaces by which each level stands in. */
export function writeJSON(value: unknown, indent?: number): string {
  return (JSON.stringify(value, null, indent) ?? "").replace(marked, "$1");
}

function unmark(_name: string, value: unknown): unknown {
  return typeof value === "string" && value.startsWith(mark) ? new LongNumber(value.slice(mark.length)) : value;
}

function isLong(token: string): boolean {
  return !token.startsWith('"') && significant(token) !== significant(String(Number(token)));
}

/** The digits that count, whatever the notation: those of 1.50e3 and 1500 are the same. */
function significant(number: string): string {
  return number.replace(/[eE].*/, "").replace(/[-.]/g, "").replace(/^0+|0+$/g, "");
}
