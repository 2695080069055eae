/** The results of a run as JSON. */
import { readFileSync, writeFileSync } from "node:fs";
import * as v from "valibot";

const value = v.nullable(v.union([v.number(), v.literal("never")]));

const row = v.variant("kind", [
  v.object({
    kind: v.literal("measured"),
    system: v.string(),
    fault: v.string(),
    values: v.record(v.string(), value),
    /** The bounds that were missed, in words; empty: the goal is reached. */
    missed: v.array(v.string()),
  }),
  /** Cluster or system did not do what belongs to the fault; nothing was measured. */
  v.object({ kind: v.literal("failed"), system: v.string(), fault: v.string(), reason: v.string() }),
]);
export type Row = v.InferOutput<typeof row>;

const results = v.object({
  format: v.literal(1),
  startedAt: v.string(),
  command: v.string(),
  backend: v.picklist(["stand-in", "postgres"]),
  machine: v.record(v.string(), v.string()),
  systems: v.array(v.object({ name: v.string(), about: v.string() })),
  faults: v.array(v.object({ name: v.string(), about: v.string(), bounds: v.string() })),
  rows: v.array(row),
});
export type Results = v.InferOutput<typeof results>;

export function readResults(file: string): Results {
  return v.parse(results, JSON.parse(readFileSync(file, "utf8")));
}

export function writeResults(file: string, value: Results): void {
  writeFileSync(file, JSON.stringify(value, null, 1) + "\n");
}
