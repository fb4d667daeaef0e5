// The drawing of charts, on its own so that it is loaded with the first chart.
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { sayHour } from "../time";
import type { Series } from "./types";

/** What a chart looks like and holds. Times are seconds since 1970. */
export interface Drawing {
  times: number[];
  series: Series[];
  say: (value: number) => string;
  /** What the values count: bytes have round numbers of their own, and things come whole. */
  counts: "bytes" | "things" | "time";
  /** Told which of the times the pointer is at; null when it leaves. */
  onpoint: (index: number | null) => void;
}

const whole = [1, 2, 5];
const steps = {
  bytes: Array.from({ length: 50 }, (_, i) => 2 ** i),
  things: Array.from({ length: 12 }, (_, i) => whole.map((step) => step * 10 ** i)).flat(),
  time: undefined,
};

const height = 180;

/** What may be between two times that are named: nothing here is told more often than each minute. */
const minutes = [1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720].map((count) => count * 60);

/** Draws into an element, as wide as it is; returns what takes the drawing away. */
export function draw(host: HTMLElement, { times, series, say, counts, onpoint }: Drawing): () => void {
  const muted = colour(host, "--muted");
  const line = colour(host, "--line");
  const chart = new uPlot(
    {
      width: host.clientWidth,
      height,
      padding: [8, 18, 0, 0],
      legend: { show: false },
      cursor: { drag: { x: false, y: false }, points: { size: 6 } },
      hooks: { setCursor: [(self) => onpoint(self.cursor.idx ?? null)] },
      scales: { y: { range: (_, __, max) => [0, max > 0 ? max * 1.1 : 1] } },
      axes: [
        { stroke: muted, size: 30, grid: { show: false }, ticks: { stroke: line, width: 1, size: 4 }, incrs: minutes, values: hours },
        {
          stroke: muted,
          size: 64,
          space: 36,
          incrs: steps[counts],
          grid: { stroke: line, width: 1 },
          ticks: { show: false },
          values: (_, ticks) => ticks.map((tick) => (tick === 0 ? "0" : say(tick))),
        },
      ],
      series: [{}, ...series.map((each) => styled(host, each))],
    },
    [times, ...series.map((each) => each.values)],
    host,
  );
  const watcher = new ResizeObserver(() => chart.setSize({ width: host.clientWidth, height }));
  watcher.observe(host);
  return () => {
    watcher.disconnect();
    chart.destroy();
  };
}

function styled(host: HTMLElement, { label, tone }: Series): uPlot.Series {
  const stroke = colour(host, `--${tone}`);
  return { label, stroke, width: 1.5, fill: faint(stroke), points: { show: false, size: 5, fill: stroke, filter: lonely }, spanGaps: false };
}

/** Values between gaps, such as the one call of an hour: no line leads to them, so each is a dot. */
function lonely({ data }: uPlot, series: number): number[] {
  const values = data[series] ?? [];
  const isGap = (index: number) => (values[index] ?? null) === null;
  return Array.from(values, (_, i) => i).filter((i) => !isGap(i) && isGap(i - 1) && isGap(i + 1));
}

function hours(_: uPlot, ticks: number[]): string[] {
  return ticks.map((seconds) => sayHour(seconds * 1000));
}

/** A canvas knows no custom properties and no light-dark(), so the browser has to say what one comes to. */
function colour(host: HTMLElement, property: string): string {
  const probe = document.createElement("span");
  probe.style.color = `var(${property})`;
  host.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}

function faint(rgb: string): string {
  return rgb.replace(/^rgb\((.*)\)$/, "rgba($1, 0.12)");
}
