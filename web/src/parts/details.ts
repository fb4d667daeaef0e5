// What an error of the API says beside its message, in words.
import { writeJSON } from "../api/json";
import { sayBytes } from "./numbers";

interface Dependent {
  type: string;
  name: string;
}

interface Address {
  method: string;
  host: string;
  path: string;
}

/** Shown elsewhere: at the field, and below the message. */
const shownElsewhere = ["field", "request_id", "column"];

/** The details of an error, a line each. */
export function sayDetails(details: Record<string, unknown>): string[] {
  return Object.entries(details)
    .filter(([name, value]) => !shownElsewhere.includes(name) && value !== null && value !== "")
    .flatMap(([name, value]) => lines(name, value, details));
}

function lines(name: string, value: unknown, all: Record<string, unknown>): string[] {
  switch (name) {
    case "line":
      return [`Line ${value}${all.column === undefined ? "" : `, column ${all.column}`}`];
    case "conflicting_route":
      return [`The other route: ${sayAddress(value as Address)}`];
    case "dependents":
      return (value as Dependent[]).map((each) => `The ${each.type} ${each.name}`);
    case "limit_bytes":
      return [`The limit is ${sayBytes(Number(value))}`];
    default:
      return [`${name.replaceAll("_", " ")}: ${typeof value === "object" ? writeJSON(value) : value}`];
  }
}

const sayAddress = ({ method, host, path }: Address): string => `${method} ${host}${path}`;
