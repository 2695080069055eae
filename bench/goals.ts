/** What this project promises of its own numbers, and whether a run kept it. Pure. */
import { type Results, valuesOf } from "./results.js";
import { median, percentile } from "./statistics.js";
import type { Table } from "./tables.js";

export interface Goal {
  readonly what: string;
  readonly wanted: string;
  /** Unit included; `null`: this run did not measure it. */
  readonly found: string | null;
  readonly met: boolean;
}

const timed = ["stop-patroni", "switchover"];
/** Elsewhere the new primary is the only node that could answer, or the old one is primary again: it is read-only first. */
const handOvers = ["stop-patroni", "fail-back", "switchover"];
/** A host that is gone answers nobody until the leader lock has run out, whoever manages the VIP. */
const unavoidable = "kill-leader";

export function goals(results: Results): Goal[] {
  return [
    ...timed.flatMap((scenario) => addedOutage(results, scenario)),
    noReadOnlyAnswers(results),
    noEchoLost(results),
    ...timed.map((scenario) => slowestConnect(results, scenario)),
    flipGoal(results, "pgvip", "by polling", 8),
    flipGoal(results, "pgvip-push", "told by Patroni's callback", 2),
    advertJitter(results),
    ...costAtRest(results),
  ];
}

export function goalsTable(results: Results): Table {
  const rows = goals(results).map(({ what, wanted, found, met }) => {
    return [what, wanted, found ?? "–", found === null ? "not measured" : met ? "met" : "missed"];
  });
  return { title: "goals of pgvip", header: ["", "goal", "measured", ""], rows };
}

function addedOutage(results: Results, scenario: string): Goal[] {
  const lock = valuesOf(results, "pgvip-lock", scenario, "added");
  const asItComes = `${scenario}: added outage`;
  return [
    ...atWrites(asItComes, valuesOf(results, "pgvip", scenario, "added")),
    ...atWrites(`${asItComes} with the control file`, valuesOf(results, "pgvip-control", scenario, "added")),
    atMost(`${asItComes} with --take-on lock, median`, median(lock), 1, "ms"),
  ];
}

function atWrites(what: string, added: readonly number[]): Goal[] {
  return [atMost(`${what}, median`, median(added), 5, "ms"), atMost(`${what}, p95`, percentile(added, 0.95), 12, "ms")];
}

function noReadOnlyAnswers(results: Results): Goal {
  const counts = handOvers.flatMap((scenario) =>
    ["pgvip", "pgvip-control"].flatMap((system) => valuesOf(results, system, scenario, "readOnly")),
  );
  const sum = counts.length === 0 ? NaN : counts.reduce((total, count) => total + count, 0);
  return atMost("attempts refused as read-only in hand-overs, all rounds", sum, 0, "");
}

function noEchoLost(results: Results): Goal {
  const scenarios = results.scenarios.filter(({ name }) => name !== unavoidable);
  const counts = scenarios.flatMap(({ name }) => valuesOf(results, "pgvip", name, "lost"));
  const clean = (100 * counts.filter((lost) => lost === 0).length) / counts.length;
  return {
    what: `rounds without a lost echo, all scenarios but ${unavoidable}`,
    wanted: "≥ 99 %",
    found: Number.isNaN(clean) ? null : `${clean.toFixed(1)} % of ${counts.length}`,
    met: clean >= 99,
  };
}

function slowestConnect(results: Results, scenario: string): Goal {
  const p95 = (system: string): number => percentile(valuesOf(results, system, scenario, "connect"), 0.95);
  return atMost(`${scenario}: slowest connect(), p95, beyond the floor's`, p95("pgvip") - p95("none"), 20, "ms");
}

/** A flip that was never answered counts as endless. */
function flipGoal({ flips }: Results, name: string, how: string, bound: number): Goal {
  const answered = flips.filter(({ system }) => system === name).map(({ answeredMs }) => answeredMs ?? Infinity);
  return atMost(`flip ${how}: role to first echo, median`, median(answered), bound, "ms");
}

function advertJitter({ jitters }: Results): Goal {
  const p99 = (name: string): number => jitters.find(({ system, busy }) => system === name && busy)?.p99Ms ?? NaN;
  const [own, theirs] = [p99("pgvip-10ms"), p99("keepalived-best")];
  const goal = atMost("adverts each 10 ms, all cores busy: off by, p99", own, theirs, "ms");
  return { ...goal, wanted: "≤ keepalived's", found: goal.found && `${goal.found} beside ${theirs.toFixed(1)} ms` };
}

function costAtRest({ costs }: Results): Goal[] {
  const holder = costs.find(({ system }) => system === "pgvip")?.holder;
  return [
    atMost("holder at rest: processor", holder?.cpuPercent ?? NaN, 1, "%"),
    atMost("holder at rest: memory", holder?.rssMb ?? NaN, 50, "MB"),
  ];
}

/** NaN, on either side, is what was not measured. */
function atMost(what: string, found: number, bound: number, unit: "ms" | "%" | "MB" | ""): Goal {
  const measured = !Number.isNaN(found) && !Number.isNaN(bound);
  const text = (value: number, digits: number): string => `${value.toFixed(digits)} ${unit}`.trim();
  const told = found === Infinity ? "never" : text(found, unit === "" ? 0 : 1);
  return {
    what,
    wanted: bound === 0 ? "0" : `≤ ${text(bound, 0)}`,
    found: measured ? told : null,
    met: found <= bound,
  };
}
