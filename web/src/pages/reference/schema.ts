// What values of the API look like, in the words of a person: schemas of the OpenAPI document, followed through their
// references. Nothing is taken for granted about the document: what is missing or of another type shows as any value.

/** One value. */
export interface Shape {
  /** In words: "string", "list of Route", "UUID or null". */
  type: string;
  /** The texts that it takes, when they are few. */
  words: string[];
  /** What is in it, or in each of its items. */
  fields: Field[];
}

/** One field of an object, or one parameter. */
export interface Field extends Shape {
  name: string;
  about: string;
  required: boolean;
}

export type Json = Record<string, unknown>;

const anything: Shape = { type: "any JSON value", words: [], fields: [] };

const formats: Record<string, string> = { uuid: "UUID", "date-time": "time (RFC 3339)" };

/** Schemas answers what a schema of one document means. */
export class Schemas {
  readonly #document: Json;

  constructor(document: Json) {
    this.#document = document;
  }

  /** What a reference of the document leads to; anything else is returned as it is. */
  resolve(value: unknown): Json {
    let found = asObject(value);
    for (let steps = 0; typeof found.$ref === "string" && steps < 16; steps++) {
      found = this.#at(found.$ref);
    }
    return found;
  }

  #at(reference: string): Json {
    let place: unknown = this.#document;
    for (const part of reference.replace(/^#\//, "").split("/")) {
      place = asObject(place)[part.replaceAll("~1", "/").replaceAll("~0", "~")];
    }
    return asObject(place);
  }

  /** inside are the references that led here: a type that holds itself is not followed again. */
  shape(value: unknown, inside: string[] = []): Shape {
    const schema = asObject(value);
    if (typeof schema.$ref === "string") {
      return this.#named(schema.$ref, inside);
    }
    if (Array.isArray(schema.anyOf)) {
      return either(schema.anyOf.map((choice) => this.shape(choice, inside)));
    }
    switch (schema.type) {
      case "array": {
        const item = this.shape(schema.items, inside);
        return { ...item, type: `list of ${item.type}` };
      }
      case "object":
        return this.#object(schema, inside);
      case undefined:
        return anything;
    }
    const type = formats[asText(schema.format)] ?? `${asText(schema.type)}${range(schema)}`;
    return { type, words: asList(schema.enum).map(String), fields: [] };
  }

  #named(reference: string, inside: string[]): Shape {
    const name = reference.split("/").at(-1) ?? "";
    if (inside.includes(reference)) {
      return { type: `${name}, as above`, words: [], fields: [] };
    }
    const shape = this.shape(this.#at(reference), [...inside, reference]);
    return shape.type === "object" ? { ...shape, type: name } : shape;
  }

  #object(schema: Json, inside: string[]): Shape {
    const required = asList(schema.required);
    const fields = Object.entries(asObject(schema.properties)).map(([name, value]) => ({
      ...this.shape(value, inside),
      name,
      about: asText(asObject(value).description),
      required: required.includes(name),
    }));
    const others = schema.additionalProperties;
    if (fields.length === 0 && typeof others === "object" && others !== null) {
      const each = this.shape(others, inside);
      return { ...each, type: `object: name → ${each.type}` };
    }
    return { type: "object", words: [], fields };
  }
}

function either(choices: Shape[]): Shape {
  return {
    type: choices.map(({ type }) => type).join(" or "),
    words: choices.flatMap(({ words }) => words),
    fields: choices.flatMap(({ fields }) => fields),
  };
}

function range({ minimum, maximum }: Json): string {
  if (typeof minimum !== "number") {
    return "";
  }
  return typeof maximum === "number" ? `, ${minimum} to ${maximum}` : `, ${minimum} or more`;
}

export function asObject(value: unknown): Json {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Json) : {};
}

export function asList(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

export function asText(value: unknown): string {
  return typeof value === "string" ? value : "";
}
