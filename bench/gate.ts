/**
 * The regression gate. Bounds are wide and relative to the floor and to keepalived-best in the same run, so that they hold
 * on any machine: they notice that something broke, not that a machine is slow. Pure.
 */
import { type Results, valuesOf } from "./results.js";
import { median } from "./statistics.js";

export interface Verdict {
  readonly what: string;
  readonly found: number;
  readonly bound: number;
  readonly held: boolean;
}

const scenarios = ["stop-patroni", "switchover"];

/** What was not measured is not held either. */
export function judge(results: Results): Verdict[] {
  return [
    ...scenarios.flatMap((scenario) => judgeScenario(results, scenario)),
    atMost("flip, median: keepalived-best's", flipMedian(results, "pgvip"), flipMedian(results, "keepalived-best")),
    atMost("rounds of pgvip that failed", failedRounds(results), 0),
  ];
}

function judgeScenario(results: Results, scenario: string): Verdict[] {
  const of = (system: string, measure: string): number => median(valuesOf(results, system, scenario, measure));
  const probeError = median(valuesOf(results, "none", scenario, "added").map(Math.abs));
  // On a busy machine even the floor is silent for longer than the 10 ms between two echoes.
  const unrest = of("none", "silence");
  return [
    // Three times the goal of 5 ms, and what this machine cannot tell apart right now.
    atMost(
      `${scenario}, added outage: 4 × the probe's error + 2 × the floor's silence + 15 ms`,
      of("pgvip", "added"),
      4 * probeError + 2 * unrest + 15,
    ),
    atMost(`${scenario}, longest silence: 3 × the floor's + 30 ms`, of("pgvip", "silence"), 3 * unrest + 30),
    atMost(`${scenario}, longest silence: keepalived-best's`, of("pgvip", "silence"), of("keepalived-best", "silence")),
    atMost(
      `${scenario}, slowest connect(): 3 × the floor's + 100 ms`,
      of("pgvip", "connect"),
      3 * of("none", "connect") + 100,
    ),
    atMost(`${scenario}, read-only answers`, of("pgvip", "readOnly"), 0),
  ];
}

/** NaN, the median of nothing, is not at most anything. */
function atMost(what: string, found: number, bound: number): Verdict {
  return { what, found, bound, held: found <= bound };
}

function flipMedian({ flips }: Results, name: string): number {
  return median(flips.filter(({ system }) => system === name).map(({ answeredMs }) => answeredMs ?? Infinity));
}

function failedRounds({ rounds }: Results): number {
  return rounds.filter(({ kind, system }) => kind === "failed" && system === "pgvip").length;
}
