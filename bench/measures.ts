/** What is measured in each round: one table of the measures, with how to read each from an outcome. Pure. */
import { firstEchoFrom, leaderSpans } from "../lab/findings.js";
import { type Span, spansOf, subtract, totalMs, union, within } from "../lab/spans.js";
import type { Outcome } from "../lab/stage.js";
import type { HolderChange } from "../lab/watch.js";

export interface RoundContext {
  /** Who led before. */
  readonly leader: string;
  /** Whether that host was killed: what its interfaces still carry counts no longer. */
  readonly hostKilled: boolean;
  readonly usesVip: boolean;
}

export interface Measure {
  readonly name: string;
  readonly title: string;
  readonly unit: "ms" | "count";
  /** Whether it means anything for a system without a VIP. */
  readonly ofFloor: boolean;
  /** In the table of the terminal and the documentation. */
  readonly principal: boolean;
  /** It is a difference that may be nothing, or even less: no multiple of it says anything. */
  readonly nearZero: boolean;
  /** `null`: nothing to measure in this round. */
  readonly of: (outcome: Outcome, context: RoundContext) => number | null;
}

type MeasureTraits = Omit<Measure, "name" | "title" | "of">;

const everybody: MeasureTraits = { unit: "ms", ofFloor: true, principal: true, nearZero: false };
const holders: MeasureTraits = { unit: "ms", ofFloor: false, principal: true, nearZero: false };

export const measures: readonly Measure[] = [
  {
    name: "added",
    title: "added outage: first write through the VIP after the first on the primary's own address",
    ...everybody,
    nearZero: true,
    of: ({ outage }) => outage?.addedMs ?? null,
  },
  {
    name: "silence",
    title: "longest silence of the VIP, one ICMP echo per 10 ms",
    ...everybody,
    of: ({ findings }) => findings.echoes.longestSilenceMs,
  },
  { name: "lost", title: "echoes lost", ...everybody, unit: "count", of: ({ findings }) => findings.echoes.lost },
  {
    name: "connect",
    title: "slowest connect() that succeeded",
    ...everybody,
    of: ({ findings }) => findings.connects.slowestMs,
  },
  {
    name: "gap",
    title: "write outage: longest time between two writes through the VIP",
    ...everybody,
    principal: false,
    of: ({ findings }) => findings.writes.longestGapMs,
  },
  {
    name: "readOnly",
    title: "attempts that met a read-only server through the VIP",
    ...holders,
    unit: "count",
    of: ({ findings }) => findings.writes.readOnly,
  },
  {
    name: "cut",
    title: "open sessions that were cut",
    ...everybody,
    unit: "count",
    principal: false,
    of: ({ findings }) => findings.sessions.cut,
  },
  {
    name: "hung",
    title: "open sessions without an answer for 5 s",
    ...everybody,
    unit: "count",
    principal: false,
    of: ({ findings }) => findings.sessions.hung,
  },
  {
    name: "wait",
    title: "longest wait of an open session for an answer or its end",
    ...everybody,
    principal: false,
    of: ({ findings }) => findings.sessions.longestWaitMs,
  },
  {
    name: "several",
    title: "time with two holders",
    ...holders,
    of: (outcome, context) => overlapMs(outcome, context),
  },
  {
    name: "vacant",
    title: "time without a holder while a leader existed",
    ...holders,
    of: (outcome, context) => {
      const led = union([...leaderSpans(outcome.records).values()].flat());
      return totalMs(subtract(within(led, spanOf(outcome)), union([...holdings(outcome, context).values()].flat())));
    },
  },
  {
    name: "stale",
    title: "time that the old holder kept the VIP after another node had the leader lock",
    ...holders,
    of: (outcome, context) => {
      const lockMs = lockOf(outcome, context);
      if (lockMs === null) return null;
      return totalMs(
        within(holdings(outcome, context).get(context.leader) ?? [], { ...spanOf(outcome), fromMs: lockMs }),
      );
    },
  },
  {
    name: "answers",
    title: "from the new leader's first /primary 200 to its first echo for the VIP",
    ...holders,
    of: (outcome, context) => {
      const lockMs = lockOf(outcome, context);
      const echoMs = firstEchoFrom(outcome.records, outcome.breakMs, outcome.leader);
      return lockMs === null || echoMs === null ? null : echoMs - lockMs;
    },
  },
];

/** All values of a round, by the names of the measures. */
export function measureAll(outcome: Outcome, context: RoundContext): Record<string, number | null> {
  const apply = ({ name, ofFloor, of }: Measure): [string, number | null] => [
    name,
    ofFloor || context.usesVip ? of(outcome, context) : null,
  ];
  return Object.fromEntries(measures.map(apply));
}

/** When each node had the VIP, a killed host not after its death. */
export function holdings(
  { changes, breakMs }: Pick<Outcome, "changes" | "breakMs">,
  { leader, hostKilled }: Pick<RoundContext, "leader" | "hostKilled">,
): ReadonlyMap<string, readonly Span[]> {
  const spansOfHost = (host: string): Span[] => {
    const spans = spansOf(changes.filter((change) => change.host === host).map(asHolding));
    return hostKilled && host === leader ? within(spans, { fromMs: -Infinity, toMs: breakMs }) : spans;
  };
  return new Map([...new Set(changes.map(({ host }) => host))].map((host) => [host, spansOfHost(host)]));
}

function asHolding({ atMs, has }: HolderChange): { atMs: number; holds: boolean } {
  return { atMs, holds: has };
}

/** When the new leader first said that it has the lock; `null` when the leader stayed. */
function lockOf({ records, breakMs, leader }: Outcome, { leader: before }: RoundContext): number | null {
  if (leader === before) return null;
  const spans = leaderSpans(records).get(leader) ?? [];
  return spans.find(({ fromMs }) => fromMs >= breakMs)?.fromMs ?? null;
}

function overlapMs(outcome: Outcome, context: RoundContext): number {
  const perHost = [...holdings(outcome, context).values()].map((spans) => within(spans, spanOf(outcome)));
  const single = totalMs(union(perHost.flat()));
  return perHost.reduce((sum, spans) => sum + totalMs(spans), 0) - single;
}

function spanOf({ breakMs, endMs }: Outcome): Span {
  return { fromMs: breakMs, toMs: endMs };
}
