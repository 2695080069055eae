/** Every single value as a point, a strip for each system: nothing is hidden in a mean. */
import { axis, escape, percent, plotRow } from "../../src/report/markup.js";

export interface Strip {
  readonly name: string;
  readonly values: readonly number[];
}

const ticksMs = [0, 1, 10, 100, 1000, 10_000];
const heightPx = 22;

/** Milliseconds on a scale that is linear up to one and logarithmic beyond; what is below zero is drawn at zero. */
export function stripPlot(title: string, strips: readonly Strip[]): string {
  const filled = strips.filter(({ values }) => values.length > 0);
  if (filled.length === 0) return "";
  const largest = Math.max(...filled.flatMap(({ values }) => values));
  const endMs = ticksMs.find((tick) => tick >= largest) ?? largest;
  const share = (ms: number): number => position(ms) / position(Math.max(endMs, 1));
  const rows = filled.map(({ name, values }) =>
    plotRow(
      name,
      heightPx,
      values.map((ms) => point(ms, share(ms))),
    ),
  );
  const ticks = ticksMs.filter((tick) => tick <= endMs).map((tick) => ({ share: share(tick), label: tickLabel(tick) }));
  return `<figure><figcaption>${escape(title)}</figcaption>${rows.join("")}${axis(ticks)}</figure>`;
}

function position(ms: number): number {
  return ms <= 1 ? Math.max(0, ms) : 1 + Math.log10(ms);
}

function point(ms: number, share: number): string {
  return `<circle cx="${percent(share)}" cy="50%" r="4" class="point"><title>${ms.toFixed(1)} ms</title></circle>`;
}

function tickLabel(ms: number): string {
  return ms >= 1000 ? `${ms / 1000} s` : `${ms} ms`;
}
