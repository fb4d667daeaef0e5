// What scripts can call, as GET sdk describes it, and how to find the part that a piece of a script names.
import type { Schemas } from "../api/types";

export type Description = Schemas["Description"];
export type Module = Schemas["ModuleDescription"];

/** One parameter, field or value. */
export type Value = Schemas["ParamDoc"];

/** One function or method. */
export type Callable = Schemas["FunctionDescription"];

/** What a function of a module answers and one then calls: a collection, a transaction. */
export type ObjectType = Schemas["TypeDescription"];

/** One thing that a script can name. */
export type Entry =
  | { kind: "module"; name: string; module: Module }
  | { kind: "function"; name: string; callable: Callable }
  | { kind: "method"; name: string; callable: Callable }
  | { kind: "value"; name: string; value: Value }
  | { kind: "gone"; name: string; value: Value };

/** What names a function in the reference's address: its signature up to the parameters, such as kv.collection. */
export function referenceName(callable: Callable): string {
  return callable.signature.split("(")[0] ?? callable.name;
}

/** The words of the language. */
export const keywords = [
  "and", "break", "do", "else", "elseif", "end", "false", "for", "function", "goto", "if", "in", "local", "nil", "not",
  "or", "repeat", "return", "then", "true", "until", "while",
];

const assignment = /([A-Za-z_]\w*)\s*=\s*([A-Za-z_][\w.]*)\s*\(/g;
const transaction = /\bkv\.transaction\s*\(\s*function\s*\(\s*([A-Za-z_]\w*)/g;

/** Sdk answers what a name in a script stands for. It is immutable. */
export class Sdk {
  readonly #globals: Map<string, Entry>;
  readonly #types = new Map<string, ObjectType>();

  constructor(description: Description) {
    const globals: Entry[] = [{ kind: "value", name: "ctx", value: description.context }];
    for (const module of [...description.modules, ...description.standard]) {
      globals.push(...(module.name === "" ? membersOf(module) : [{ kind: "module", name: module.name, module } as const]));
      for (const type of module.types) {
        this.#types.set(type.name, type);
      }
    }
    this.#globals = new Map(globals.map((entry) => [entry.name, entry]));
    for (const value of description.gone) {
      if (!this.#globals.has(value.name)) {
        this.#globals.set(value.name, { kind: "gone", name: value.name, value });
      }
    }
  }

  /** Everything that a script can name without a dot before it. */
  globals(): Entry[] {
    return [...this.#globals.values()].filter((entry) => entry.kind !== "gone");
  }

  /** What stands behind path, such as ["ctx", "request"]; source tells what the script's own variables hold. */
  find(path: string[], source: string): Entry | null {
    const [first, ...rest] = path;
    if (first === undefined) {
      return null;
    }
    if (rest.length === 0) {
      return this.#globals.get(first) ?? null;
    }
    const name = rest.at(-1);
    return this.members(path.slice(0, -1), source).find((entry) => entry.name === name) ?? null;
  }

  /** What can follow path and a dot or a colon. */
  members(path: string[], source: string): Entry[] {
    const [first] = path;
    const type = path.length === 1 && first !== undefined ? this.typeOf(first, source) : null;
    if (type) {
      return type.methods.map((callable) => ({ kind: "method", name: callable.name, callable }));
    }
    const entry = this.find(path, source);
    switch (entry?.kind) {
      case "module":
        return membersOf(entry.module);
      case "value":
        return (entry.value.fields ?? []).map((value) => ({ kind: "value", name: value.name, value }));
      default:
        return [];
    }
  }

  /** The kind of object that a variable of the script holds, judged by what is assigned to it last. */
  typeOf(variable: string, source: string): ObjectType | null {
    let found: ObjectType | null = null;
    for (const [, name, callee] of source.matchAll(assignment)) {
      if (name === variable && callee !== undefined) {
        const parts = callee.split(".");
        found = this.#answerOf(parts, !this.#globals.has(parts[0] ?? ""));
      }
    }
    for (const [, name] of source.matchAll(transaction)) {
      if (name === variable) {
        found = this.#types.get("tx") ?? found;
      }
    }
    return found;
  }

  // Asks the library alone, never the script's variables: "local docs = docs.collection(...)" would ask itself for ever.
  #answerOf([owner, name]: string[], isOwn: boolean): ObjectType | null {
    const module = this.#globals.get(owner ?? "");
    const callables = isOwn
      ? (this.#types.get("tx")?.methods ?? []) // inside a transaction: tx.kv("name")
      : module?.kind === "module" ? module.module.functions : [];
    const answer = callables.find((callable) => callable.name === name)?.returns[0]?.type;
    return this.#types.get(answer ?? "") ?? null;
  }
}

function membersOf(module: Module): Entry[] {
  return [
    ...module.functions.map((callable): Entry => ({ kind: "function", name: callable.name, callable })),
    ...module.values.map((value): Entry => ({ kind: "value", name: value.name, value })),
  ];
}
