/** What is wrong with a configuration: all of it at once, each with its place, what was found and what is wanted. */
import { PgvipError } from "../errors.js";

export interface Problem {
  /** `/etc/pgvip/pgvip.yml:4:16`, `--router-id` or `PGVIP_ROUTER_ID`; `null` when nobody gave it. */
  readonly where: string | null;
  /** `vips[0].router_id`; empty for a whole file. */
  readonly path: string;
  /** `is 300; wanted a whole number from 1 to 255`. */
  readonly text: string;
}

/** Carries every problem of one configuration. */
export class ConfigError extends PgvipError {
  override readonly name = "ConfigError";
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    const count = problems.length === 1 ? "1 problem" : `${String(problems.length)} problems`;
    super("CONFIG", [`${count} in the configuration:`, ...problems.map(problemText)].join("\n  "));
    this.problems = problems;
  }
}

export function problemText({ where, path, text }: Problem): string {
  const subject = path === "" ? text : `${path} ${text}`;
  return where === null ? subject : `${where}: ${subject}`;
}

const SHOWN_LIMIT = 80;

/** A value as people would write it, cut where it gets long. */
export function show(value: unknown): string {
  if (value === undefined) return "missing";
  if (value === null) return "empty";
  if (Array.isArray(value) && value.length === 0) return "an empty list";
  const text = JSON.stringify(value);
  return text.length > SHOWN_LIMIT ? `${text.slice(0, SHOWN_LIMIT)}...` : text;
}

/** `is unknown; did you mean router_id?`, or all the names that would do. */
export function unknownText(found: string, known: readonly string[]): string {
  const near = nearest(found, known);
  return near === null ? `is unknown; wanted one of ${known.join(", ")}` : `is unknown; did you mean ${near}?`;
}

/** The name that is at most a third of its letters away. */
function nearest(found: string, known: readonly string[]): string | null {
  const ranked = known
    .map((name) => ({ name, distance: editDistance(found.toLowerCase(), name.toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance);
  const [best] = ranked;
  return best !== undefined && best.distance <= Math.max(1, Math.floor(best.name.length / 3)) ? best.name : null;
}

/** Levenshtein distance, with a swap of two neighbours as one edit. */
function editDistance(a: string, b: string): number {
  let beforeLast: readonly number[] = [];
  let last: readonly number[] = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= b.length; column += 1) {
      const same = a[row - 1] === b[column - 1];
      const swapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      current.push(
        Math.min(
          (last[column] ?? 0) + 1,
          (current[column - 1] ?? 0) + 1,
          (last[column - 1] ?? 0) + (same ? 0 : 1),
          swapped ? (beforeLast[column - 2] ?? 0) + 1 : Infinity,
        ),
      );
    }
    beforeLast = last;
    last = current;
  }
  return last[b.length] ?? 0;
}
