/** A line of a chart. Its tone is one of the design's colours; null is a gap. */
export interface Series {
  label: string;
  values: (number | null)[];
  tone: "accent" | "bad" | "info" | "good" | "warn";
}
