/**
 * The history file: what happened to the VIPs of this node, one JSON object a line, the oldest first. Written by the agent,
 * read by `pgvip history`. Fields are only ever added. Instants are ISO 8601 in UTC.
 */
import * as v from "valibot";

const span = v.nullable(v.number());
const common = { at: v.pipe(v.string(), v.isoTimestamp()), group: v.string() };

export const historyEntry = v.variant("kind", [
  v.object({
    ...common,
    kind: v.literal("transition"),
    from: v.string(),
    to: v.string(),
    reason: v.string(),
    text: v.string(),
  }),
  /** How long each part of a take-over took, in milliseconds; `null` = not known. */
  v.object({
    ...common,
    kind: v.literal("tookOver"),
    /** From the question to Patroni to its answer. */
    detectMs: span,
    decideMs: span,
    addressMs: span,
    announceMs: span,
    advertMs: span,
  }),
  /** What an operator did, or should look at. */
  v.object({ ...common, kind: v.picklist(["notice", "alarm"]), reason: v.string(), text: v.string() }),
]);

export type HistoryEntry = v.InferOutput<typeof historyEntry>;

/** The entries in a text of lines. A line that is none, such as the last one before a power cut, is passed over. */
export function parseHistory(text: string): readonly HistoryEntry[] {
  return text.split("\n").flatMap((line) => {
    const read = v.safeParse(historyEntry, fromJson(line));
    return read.success ? [read.output] : [];
  });
}

/** One line for people. */
export function historyLine(entry: HistoryEntry): string {
  const { at, group, kind } = entry;
  const start = `${at}  ${group}`;
  switch (kind) {
    case "transition":
      return `${start}  ${entry.from} -> ${entry.to}: ${entry.text} (${entry.reason})`;
    case "tookOver": {
      const { detectMs, decideMs, addressMs, announceMs, advertMs } = entry;
      const parts = { detect: detectMs, decide: decideMs, address: addressMs, announce: announceMs, advert: advertMs };
      const spans = Object.entries(parts).flatMap(([name, ms]) => (ms === null ? [] : `${name} ${String(ms)} ms`));
      return `${start}  took the VIP: ${spans.join(", ")}`;
    }
    case "notice":
      return `${start}  ${entry.text} (${entry.reason})`;
    case "alarm":
      return `${start}  ALARM ${entry.text} (${entry.reason})`;
  }
}

function fromJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}
