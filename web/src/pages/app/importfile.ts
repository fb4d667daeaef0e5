// Reading an exported app, and what the server finds wrong with one.
import type { AppFiles } from "../../api/appfiles";
import { ApiError } from "../../api/client";

/** Something wrong in one of the files; line counts from 1. */
export interface Problem {
  file: string;
  line: number;
  message: string;
}

/** The app's files in what Export has saved. Fails with what is wrong when it is something else. */
export async function readFiles(file: File | undefined): Promise<AppFiles> {
  if (!file) {
    throw new Error("Choose a file first.");
  }
  const files: unknown = parse(await file.text())?.files;
  if (!isFiles(files)) {
    throw new Error(`${file.name} is no exported app: it should be JSON with an object "files" of texts.`);
  }
  return files;
}

function parse(text: string): { files?: unknown } | null {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function isFiles(value: unknown): value is AppFiles {
  return typeof value === "object" && value !== null && Object.values(value).every((text) => typeof text === "string");
}

/** The problems that a refused import lists; none when it failed for another reason. */
export function problemsOf(thrown: unknown): Problem[] {
  const listed = thrown instanceof ApiError && thrown.code === "import_invalid" ? thrown.details.errors : null;
  return Array.isArray(listed) ? (listed as Problem[]) : [];
}
