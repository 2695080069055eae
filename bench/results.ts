/** The results of a run as JSON: written by the benchmark, read again for reports. */
import { readFileSync, writeFileSync } from "node:fs";
import * as v from "valibot";

/** A strip of a timeline: what something was, from when to when, and single events. Milliseconds after the fault. */
const lane = v.object({
  name: v.string(),
  spans: v.array(v.object({ fromMs: v.number(), toMs: v.number(), state: v.string() })),
  marks: v.array(v.object({ atMs: v.number(), what: v.string() })),
});
export type Lane = v.InferOutput<typeof lane>;

/** How long the parts of a take-over took, as the agent's own log says; `null`: it does not know. */
const takeOver = v.object({
  node: v.string(),
  /** Its end, in milliseconds after the fault. */
  atMs: v.number(),
  /** Patroni's answer. */
  detectMs: v.nullable(v.number()),
  decideMs: v.nullable(v.number()),
  addressMs: v.nullable(v.number()),
  announceMs: v.nullable(v.number()),
});
export type TakeOver = v.InferOutput<typeof takeOver>;

/** The client's neighbour entry for the address it uses, from this moment on; milliseconds after the fault. */
const neighbourChange = v.object({
  atMs: v.number(),
  /** `null`: there is none to send to. */
  mac: v.nullable(v.string()),
  /** The kernel's word for it. */
  state: v.string(),
});
export type NeighbourChange = v.InferOutput<typeof neighbourChange>;

const place = { system: v.string(), scenario: v.string(), round: v.number() };

const round = v.variant("kind", [
  v.object({
    kind: v.literal("measured"),
    ...place,
    values: v.record(v.string(), v.nullable(v.number())),
    lanes: v.array(lane),
    /** Absent where the agent keeps no such account. */
    takeOver: v.optional(takeOver),
    /** Absent in results of older runs. */
    neighbours: v.optional(v.array(neighbourChange)),
  }),
  /** The cluster or the system did not do what it should have done; nothing was measured. */
  v.object({ kind: v.literal("failed"), ...place, reason: v.string() }),
]);
export type Round = v.InferOutput<typeof round>;
export type MeasuredRound = Extract<Round, { kind: "measured" }>;

const flip = v.object({
  system: v.string(),
  round: v.number(),
  /** From the role's arrival in Patroni to the VIP on the interface, and to the first answer; `null`: not within 10 s. */
  addedMs: v.nullable(v.number()),
  answeredMs: v.nullable(v.number()),
});
export type Flip = v.InferOutput<typeof flip>;

const cost = v.object({
  system: v.string(),
  holder: v.object({ cpuPercent: v.number(), rssMb: v.number(), restPerSecond: v.number() }),
  standby: v.object({ cpuPercent: v.number(), rssMb: v.number(), restPerSecond: v.number() }),
  /** Processor time of Patroni on the holder's node, in percent of a core. */
  patroniCpuPercent: v.number(),
  seconds: v.number(),
});
export type Cost = v.InferOutput<typeof cost>;

const jitter = v.object({
  system: v.string(),
  busy: v.boolean(),
  everyMs: v.number(),
  n: v.number(),
  /** Differences between the interval and what it should be, without their signs. */
  p50Ms: v.number(),
  p99Ms: v.number(),
  maxMs: v.number(),
});
export type Jitter = v.InferOutput<typeof jitter>;

const start = v.object({ system: v.string(), round: v.number(), firstHeldMs: v.number() });
export type Start = v.InferOutput<typeof start>;

/** What the probe sees of a cluster to which nothing happens: its own error. */
const calm = v.object({
  seconds: v.number(),
  longestSilenceMs: v.number(),
  lost: v.number(),
  slowestConnectMs: v.number(),
  longestWriteGapMs: v.number(),
});
export type Calm = v.InferOutput<typeof calm>;

const results = v.object({
  format: v.literal(1),
  startedAt: v.string(),
  command: v.string(),
  backend: v.picklist(["postgres", "stand-in"]),
  machine: v.record(v.string(), v.string()),
  systems: v.array(v.object({ name: v.string(), about: v.string() })),
  scenarios: v.array(v.object({ name: v.string(), about: v.string() })),
  rounds: v.array(round),
  flips: v.array(flip),
  costs: v.array(cost),
  jitters: v.array(jitter),
  starts: v.array(start),
  /** What all agents together cost from a fault until calm is back: processor time, and the most memory they were seen with. */
  failOverCpu: v.array(
    v.object({ system: v.string(), scenario: v.string(), cpuMs: v.number(), rssMb: v.optional(v.number()) }),
  ),
  /** Absent without rounds, and in results of older runs. */
  calm: v.optional(calm),
});
export type Results = v.InferOutput<typeof results>;

export function readResults(path: string): Results {
  const value: unknown = JSON.parse(readFileSync(path, "utf8"));
  return v.parse(results, value);
}

export function writeResults(path: string, value: Results): void {
  writeFileSync(path, JSON.stringify(value) + "\n");
}

/** Values of one measure in all measured rounds of a system and scenario. */
export function valuesOf({ rounds }: Results, system: string, scenario: string, measure: string): number[] {
  return measuredRounds(rounds, system, scenario).flatMap(({ values }) => values[measure] ?? []);
}

export function measuredRounds(rounds: readonly Round[], system: string, scenario: string): MeasuredRound[] {
  return rounds
    .filter((round) => round.kind === "measured")
    .filter((round) => round.system === system && round.scenario === scenario);
}
