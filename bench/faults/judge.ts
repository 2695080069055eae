/** Bounds: in words, and whether what was measured keeps within them. Pure. */
import { formatMs } from "../../lab/measure.js";
import type { Bound } from "./fault.js";
import { type MeasureName, measures, type Value, type Values } from "./measures.js";

/** The bounds that were missed, each with what was found. */
export function missedBounds(bounds: readonly Bound[], values: Values): string[] {
  return bounds
    .filter((bound) => !isWithin(bound, values[bound.measure]))
    .map((bound) => `${bound.measure} ${formatValue(bound.measure, values[bound.measure])}, wanted ${limits(bound)}`);
}

/** "gone ≤ 3500 ms, bothWritable 0". */
export function boundsText(bounds: readonly Bound[]): string {
  return bounds.map((bound) => `${bound.measure} ${limits(bound)}`).join(", ");
}

export function formatValue(measure: MeasureName, value: Value): string {
  if (value === null) return "–";
  if (value === "never") return "never";
  return measures[measure].unit === "ms" ? formatMs(value) : String(value);
}

/** What there was no occasion to measure cannot have kept within a bound, and "never" is later than any time. */
function isWithin({ atMost = Infinity, atLeast = -Infinity }: Bound, value: Value): boolean {
  if (value === null) return false;
  if (value === "never") return atMost === Infinity;
  return value >= atLeast && value <= atMost;
}

function limits({ measure, atMost, atLeast }: Bound): string {
  const unit = measures[measure].unit === "ms" ? " ms" : "";
  if (atMost === 0) return "0";
  const most = atMost === undefined ? [] : [`≤ ${atMost}${unit}`];
  const least = atLeast === undefined ? [] : [`≥ ${atLeast}${unit}`];
  return [...least, ...most].join(" and ");
}
