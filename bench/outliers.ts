/** Rounds that took far longer than their like, with what Patroni, PostgreSQL and the agent did when. Pure. */
import { type Lane, type MeasuredRound, measuredRounds, type Results, valuesOf } from "./results.js";
import { median } from "./statistics.js";
import type { Table } from "./tables.js";

/** Twice a median of less than this is within the probe's own error. */
const atLeastMs = 5;

const header = [
  "round",
  "added",
  "median",
  "lock at",
  "writes at",
  "VIP at",
  "asked Patroni for",
  "decided in",
  "address in",
  "announced in",
];

/** Times in milliseconds: three after the fault, then the agent's own, as its log tells them. */
export function outliersTable(results: Results): Table {
  const rows = results.scenarios.flatMap(({ name: scenario }) =>
    results.systems.flatMap(({ name: system }) => {
      const middle = median(valuesOf(results, system, scenario, "added"));
      return measuredRounds(results.rounds, system, scenario)
        .filter(({ values }) => isOutlier(values["added"] ?? null, middle))
        .map((round) => outlierRow(round, middle));
    }),
  );
  return { title: "outliers: added outage of more than twice the median, and what took its time, ms", header, rows };
}

function isOutlier(added: number | null, middle: number): boolean {
  return added !== null && added > atLeastMs && added > 2 * middle;
}

function outlierRow({ system, scenario, round, values, lanes, takeOver }: MeasuredRound, middle: number): string[] {
  const times = instants(lanes);
  const own = [takeOver?.detectMs, takeOver?.decideMs, takeOver?.addressMs, takeOver?.announceMs];
  return [
    `${system}, ${scenario}, round ${round}`,
    ...[values["added"], middle].map((ms) => cell(ms, 1)),
    ...[times.lockMs, times.writesMs, times.vipMs].map((ms) => cell(ms, 0)),
    ...own.map((ms) => cell(ms, 2)),
  ];
}

/** When the node that leads in the end had the lock, took writes for good, and had the VIP; from a round's strips. */
function instants(lanes: readonly Lane[]) {
  const spansOf = (name: string): Lane["spans"] => lanes.find((lane) => lane.name === name)?.spans ?? [];
  const nodes = lanes.flatMap(({ name }) => /^Patroni (.+)$/.exec(name)?.[1] ?? []);
  const leads = ({ state }: Lane["spans"][number]): boolean => state === "lock" || state === "leader";
  const leader = nodes.find((node) => spansOf(`Patroni ${node}`).slice(-1).some(leads)) ?? "";
  return {
    lockMs: spansOf(`Patroni ${leader}`).find(leads)?.fromMs,
    writesMs: spansOf(`PostgreSQL ${leader}`).findLast(({ state }) => state === "written")?.fromMs,
    vipMs: spansOf(`VIP ${leader}`)[0]?.fromMs,
  };
}

function cell(ms: number | null | undefined, digits: number): string {
  return typeof ms === "number" ? ms.toFixed(digits) : "–";
}
