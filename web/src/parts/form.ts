import { createContext } from "svelte";
import type { ApiError } from "../api/client";

/** What a form tells its fields: the failure of its last submission. */
export interface FormState {
  readonly error: ApiError | null;
  /** A field that shows the failure itself says so, so that the form does not repeat it. */
  claim(field: string): () => void;
}

const [getForm, setForm] = createContext<FormState>();

export const provideForm = setForm;

/** The form around this field; null when it stands alone. */
export function surroundingForm(): FormState | null {
  try {
    return getForm();
  } catch {
    return null; // createContext throws where nothing was provided
  }
}
