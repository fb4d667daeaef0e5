// The parts of what scripts can call, as the reference shows and searches them.
import type { Callable, Description, Module, ObjectType, Value } from "../../editor/sdk";
import type { Field } from "./schema";

export interface Part {
  name: string;
  doc: string;
  functions: Callable[];
  values: Value[];
  types: ObjectType[];
}

/** PiCloud's own modules, then Lua's. */
export function partsOf(description: Description): Part[] {
  const lua = ({ name, ...rest }: Module): Part => ({ ...rest, name: name === "" ? "Lua's global functions" : `Lua: ${name}` });
  return [...description.modules, ...description.standard.map(lua)];
}

/** The parts with the functions and values that hold each word of the search. */
export function search(parts: Part[], words: string): Part[] {
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
  const holds = (...texts: string[]) => wanted.every((word) => texts.join(" ").toLowerCase().includes(word));
  return parts
    .map((part) => ({
      ...part,
      functions: part.functions.filter(({ signature, doc }) => holds(part.name, signature, doc)),
      values: part.values.filter(({ name, doc }) => holds(part.name, name, doc)),
      types: part.types
        .map((type) => ({ ...type, methods: type.methods.filter(({ signature, doc }) => holds(part.name, signature, doc)) }))
        .filter(({ methods }) => methods.length > 0),
    }))
    .filter(({ functions, values, types }) => functions.length + values.length + types.length > 0);
}

export function count(parts: Part[]): number {
  const inTypes = (part: Part) => part.types.reduce((sum, { methods }) => sum + methods.length, 0);
  return parts.reduce((sum, part) => sum + part.functions.length + inTypes(part), 0);
}

/** Parameters and tables in the form that the list of fields shows. */
export function fieldsOf(values: Value[]): Field[] {
  return values.map(({ name, type, doc, optional, fields }) => ({
    name, type, about: doc, required: !optional, words: [], fields: fieldsOf(fields ?? []),
  }));
}
