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

/**
 * What no ratio can say: the floor's values are so small that three times as much is still next to nothing.
 *
 * `addedMs`: three times the goal of 5 ms that goals.ts has for the median.
 * `silenceMs`: three echoes of 10 ms. A silence begins and ends with an echo, and one of them may be late.
 * `connectMs`: a tenth of what a lost SYN costs (1 s, RFC 6298). The floor's slowest takes 1 or 2 ms, a connect() of a client
 * that nobody answered at least that second: the bound tells the two apart, and nothing finer.
 */
const allowed = { addedMs: 15, silenceMs: 30, connectMs: 100 };

/** On two processors with nothing else to do; a gate that takes longer is one that people leave out. */
const quickSeconds = 240;

/**
 * `null`: it was quick enough. A warning and no bound: how long the gate takes is for the most part how fast this machine
 * starts and promotes PostgreSQL, which the other bounds are careful not to judge.
 */
export function lengthWarning(seconds: number): string | null {
  if (seconds <= quickSeconds) return null;
  return `warning: the gate took ${seconds.toFixed(0)} s, and should take at most ${quickSeconds} s on an idle machine`;
}

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
  const both = (system: string): number => of(system, "added") + of(system, "silence");
  return [
    // The floor's part is what this machine cannot tell apart right now.
    atMost(
      `${scenario}, added outage: 4 × the probe's error + 2 × the floor's silence + ${allowed.addedMs} ms`,
      of("pgvip", "added"),
      4 * probeError + 2 * unrest + allowed.addedMs,
    ),
    // Who takes the VIP before anybody can write adds nothing and is silent instead: the two only count together.
    atMost(
      `${scenario}, added outage and longest silence: half of keepalived-best's`,
      both("pgvip"),
      both("keepalived-best") / 2,
    ),
    atMost(
      `${scenario}, longest silence: 3 × the floor's + ${allowed.silenceMs} ms`,
      of("pgvip", "silence"),
      3 * unrest + allowed.silenceMs,
    ),
    atMost(`${scenario}, longest silence: keepalived-best's`, of("pgvip", "silence"), of("keepalived-best", "silence")),
    atMost(
      `${scenario}, slowest connect(): 3 × the floor's + ${allowed.connectMs} ms`,
      of("pgvip", "connect"),
      3 * of("none", "connect") + allowed.connectMs,
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
