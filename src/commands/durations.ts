/** Options that are spans of time: a number with its unit, as in the configuration. */
import { InvalidArgumentError } from "commander";

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

export interface SpanLimits {
  readonly leastMs: number;
  readonly mostMs: number;
}

/** Parses an option's text into milliseconds, or tells what is wanted. */
export function spanBetween({ leastMs, mostMs }: SpanLimits): (text: string) => number {
  return (text) => {
    const [, number = "", unit = ""] = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text) ?? [];
    const ms = Number(number) * (UNITS[unit] ?? Number.NaN);
    if (number !== "" && ms >= leastMs && ms <= mostMs) return ms;
    throw new InvalidArgumentError(`Wanted ${spanText(leastMs)} to ${spanText(mostMs)}, with a unit (10ms, 2s, 1m).`);
  };
}

function spanText(ms: number): string {
  return ms < 1000 ? `${String(ms)}ms` : `${String(ms / 1000)}s`;
}
