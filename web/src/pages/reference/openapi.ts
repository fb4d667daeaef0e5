// The calls of the API, read from the server's OpenAPI document.
import { asList, asObject, asText, Schemas, type Field, type Json, type Shape } from "./schema";

/** One error code and what it means. */
export interface Code {
  code: string;
  when: string;
}

export interface Parameter extends Field {
  place: string;
}

/** One status of a call. */
export interface Answer {
  status: string;
  /** The content's type; "" for none. */
  media: string;
  shape: Shape;
  /** What an error may say; none for a success. */
  codes: Code[];
}

export interface Operation {
  id: string;
  method: string;
  path: string;
  summary: string;
  /** What the caller needs, in words; "" for nothing. */
  needs: string;
  /** Which credential an example shows. */
  credential: "none" | "key" | "session";
  parameters: Parameter[];
  body: { required: boolean; shape: Shape; example: unknown } | null;
  answers: Answer[];
}

export interface Group {
  name: string;
  about: string;
  operations: Operation[];
}

export interface Api {
  groups: Group[];
  /** What any call may be refused with. */
  common: Code[];
}

const methods = ["get", "post", "put", "patch", "delete", "head", "options", "trace"];

/** Reads the document; it fails when that holds no call. */
export function readApi(value: unknown): Api {
  const document = asObject(value);
  const reader = new Reader(document);
  const groups = new Map<string, Group>();
  for (const tag of asList(document.tags).map(asObject)) {
    const name = asText(tag.name);
    groups.set(name, { name, about: asText(tag.description), operations: [] });
  }
  for (const [path, item] of Object.entries(asObject(document.paths))) {
    for (const method of methods.filter((name) => name in asObject(item))) {
      const source = asObject(asObject(item)[method]);
      const name = asText(asList(source.tags)[0]) || "Others";
      const group = groups.get(name) ?? { name, about: "", operations: [] };
      group.operations.push(reader.operation(method.toUpperCase(), path, source));
      groups.set(name, group);
    }
  }
  const filled = [...groups.values()].filter(({ operations }) => operations.length > 0);
  if (filled.length === 0) {
    throw new Error("The description of the API holds no call. Something other than PiCloud may have sent it.");
  }
  return { groups: filled, common: reader.common() };
}

/** The calls that hold each word of the search. */
export function search(groups: Group[], words: string): Group[] {
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
  const fits = (group: Group, { id, method, path, summary }: Operation) => {
    const text = `${group.name} ${id} ${method} ${path} ${summary}`.toLowerCase();
    return wanted.every((word) => text.includes(word));
  };
  return groups
    .map((group) => ({ ...group, operations: group.operations.filter((operation) => fits(group, operation)) }))
    .filter(({ operations }) => operations.length > 0);
}

class Reader {
  readonly #schemas: Schemas;
  readonly #document: Json;
  readonly #meanings: Json;

  constructor(document: Json) {
    this.#document = document;
    this.#schemas = new Schemas(document);
    this.#meanings = asObject(this.#schemas.resolve({ $ref: "#/components/schemas/ErrorCode" })["x-codes"]);
  }

  common(): Code[] {
    return this.#codes(this.#schemas.resolve({ $ref: "#/components/responses/Error" }));
  }

  operation(method: string, path: string, source: Json): Operation {
    return {
      id: asText(source.operationId) || `${method} ${path}`,
      method,
      path,
      summary: asText(source.summary),
      needs: asText(source.description),
      credential: this.#credential(source),
      parameters: asList(source.parameters).map((value) => this.#parameter(this.#schemas.resolve(value))),
      body: this.#body(source.requestBody),
      answers: Object.entries(asObject(source.responses))
        .filter(([status]) => status !== "default")
        .map(([status, answer]) => this.#answer(status, this.#schemas.resolve(answer))),
    };
  }

  #credential(source: Json): Operation["credential"] {
    const choices = Array.isArray(source.security) ? source.security : asList(this.#document.security);
    if (choices.length === 0 || choices.some((choice) => Object.keys(asObject(choice)).length === 0)) {
      return "none";
    }
    return asObject(source["x-needs"]).key === "none" ? "session" : "key";
  }

  #parameter(source: Json): Parameter {
    return {
      ...this.#schemas.shape(source.schema),
      name: asText(source.name),
      place: asText(source.in),
      about: asText(source.description),
      required: source.required === true,
    };
  }

  #body(value: unknown): Operation["body"] {
    const body = this.#schemas.resolve(value);
    const content = asObject(asObject(body.content)["application/json"]);
    if (content.schema === undefined) {
      return null;
    }
    return { required: body.required === true, shape: this.#schemas.shape(content.schema), example: content.example };
  }

  #answer(status: string, source: Json): Answer {
    const [media = "", content] = Object.entries(asObject(source.content))[0] ?? [];
    return { status, media, shape: this.#schemas.shape(asObject(content).schema), codes: this.#codes(source) };
  }

  #codes(answer: Json): Code[] {
    return asList(answer["x-codes"]).map((code) => ({
      code: String(code),
      when: asText(asObject(this.#meanings[String(code)]).when),
    }));
  }
}

/** A command that makes a call, with words in capitals where the caller's own values belong. */
export function curlOf(operation: Operation, root: URL): string {
  const path = operation.path.replace(/\{(\w+)\}/g, (_, name: string) => name.toUpperCase());
  const address = new URL(path.replace(/^\//, ""), root).href;
  const lines = [`curl${operation.method === "GET" ? "" : ` -X ${operation.method}`}${flagOf(operation)} ${quoted(address)}`];
  if (operation.credential !== "none") {
    const token = operation.credential === "key" ? "YOUR_API_KEY" : "YOUR_SESSION_TOKEN";
    lines.push(`-H ${quoted(`Authorization: Bearer ${token}`)}`);
  }
  if (operation.body && operation.body.example !== undefined) {
    lines.push(`-H ${quoted("Content-Type: application/json")}`, `-d ${quoted(JSON.stringify(operation.body.example))}`);
  }
  return lines.join(" \\\n  ");
}

/** What curl has to know of the answer: a stream is shown as it comes, a file is saved under the name it has. */
function flagOf(operation: Operation): string {
  const media = operation.answers.find(({ status }) => status.startsWith("2"))?.media ?? "";
  if (media === "text/event-stream") {
    return " -N";
  }
  return media.startsWith("application/") && media !== "application/json" ? " -OJ" : "";
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
