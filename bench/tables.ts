/** The results as tables, for the terminal and for docs/benchmark.md. Pure. */
import { summarize, table } from "../lab/measure.js";
import { type Measure, measures } from "./measures.js";
import { type Results, valuesOf } from "./results.js";
import { type Difference, differenceOfMedians, type Ratio, ratioOfMedians } from "./statistics.js";

export interface Table {
  readonly title: string;
  readonly header: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

const base = "pgvip";

/** `principal`: only the measures that decide. */
export function allTables(results: Results, principal: boolean): Table[] {
  const all = [
    calmTable(results),
    ...scenarioTables(results, principal),
    ...flipTables(results),
    ...costTables(results),
  ];
  return all.filter(({ rows }) => rows.length > 0);
}

export function asText({ title, header, rows }: Table): string {
  return `\n${title}\n${table(header, rows)}`;
}

export function asMarkdown({ title, header, rows }: Table): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  const rule = header.map((_, column) => (column === 0 ? "---" : "--:"));
  return [`### ${title}`, "", line(header), line(rule), ...rows.map(line), ""].join("\n");
}

/** Rounds in which something went wrong, a line each. */
export function failures({ rounds }: Results): string[] {
  return rounds
    .filter((round) => round.kind === "failed")
    .map(({ round, system, scenario, reason }) => `round ${round}, ${system}, ${scenario}: ${reason}`);
}

export function formatRatio(ratio: Ratio | null): string {
  if (ratio === null) return "–";
  const [middle, low, high] = [ratio.ratio, ratio.low, ratio.high].map(short);
  return `${middle ?? ""} (${low ?? ""}–${high ?? ""})`;
}

/** With signs, so that "to" instead of a dash. */
export function formatDifference(difference: Difference | null): string {
  if (difference === null) return "–";
  const signed = (value: number): string => (Number(short(value)) > 0 ? `+${short(value)}` : short(value));
  return `${signed(difference.difference)} (${signed(difference.low)} to ${signed(difference.high)})`;
}

function scenarioTables(results: Results, principal: boolean): Table[] {
  const chosen = measures.filter((measure) => measure.principal || !principal);
  return results.scenarios.map(({ name, about }) => ({
    title: `${name}: ${about}`,
    header: ["", "n", "median", "p95", "max", `ratio to ${base}`, `difference to ${base}`],
    rows: chosen.flatMap((measure) =>
      results.systems.flatMap(({ name: system }) => measureRow(results, name, measure, system)),
    ),
  }));
}

/** What may be near zero is compared by its difference alone: multiples of it say nothing. */
function measureRow(results: Results, scenario: string, measure: Measure, system: string): string[][] {
  const [values, baseValues] = [system, base].map((of) => valuesOf(results, of, scenario, measure.name));
  if (values === undefined || baseValues === undefined) return [];
  const name = `${measure.name}${measure.unit === "ms" ? ", ms" : ""}: ${system}`;
  const ratio = measure.nearZero ? null : ratioOfMedians(values, baseValues);
  const comparison = [formatRatio(ratio), formatDifference(differenceOfMedians(values, baseValues))];
  return numbersRow(name, values).map((row) => [...row, ...comparison]);
}

function flipTables({ flips, systems }: Results): Table[] {
  const answered = (name: string): number[] =>
    flips.filter(({ system }) => system === name).flatMap(({ answeredMs }) => answeredMs ?? []);
  const never = (name: string): number =>
    flips.filter(({ system, answeredMs }) => system === name && answeredMs === null).length;
  return [
    {
      title: "flip: from the role in Patroni to the first echo at the client, ms",
      header: ["", "n", "median", "p95", "max", `ratio to ${base}`, "never"],
      rows: systems.flatMap(({ name }) =>
        summaryRow(name, answered(name), answered(base)).map((row) => [...row, String(never(name))]),
      ),
    },
  ];
}

/** What a difference below these numbers says nothing about. */
function calmTable({ calm }: Results): Table {
  return {
    title: "the probe itself: a primary to which nothing happens, ms",
    header: ["", "longest silence", "echoes lost", "slowest connect()", "longest time between two writes"],
    rows:
      calm === undefined
        ? []
        : [
            [
              `no fail-over, ${calm.seconds} s`,
              fixed(calm.longestSilenceMs, 1),
              String(calm.lost),
              fixed(calm.slowestConnectMs, 1),
              fixed(calm.longestWriteGapMs, 1),
            ],
          ],
  };
}

function costTables({ costs, jitters, starts, failOverCpu, systems }: Results): Table[] {
  return [
    {
      title: "at rest: processor, memory, questions to Patroni",
      header: [
        "",
        "holder CPU %",
        "standby CPU %",
        "holder RSS MB",
        "REST/s holder",
        "REST/s standby",
        "Patroni CPU %",
      ],
      rows: costs.map(({ system, holder, standby, patroniCpuPercent }) => [
        system,
        ...[holder.cpuPercent, standby.cpuPercent].map((percent) => percent.toFixed(2)),
        ...[holder.rssMb, holder.restPerSecond, standby.restPerSecond].map((value) => value.toFixed(1)),
        patroniCpuPercent.toFixed(2),
      ]),
    },
    {
      title: "adverts each 10 ms: how far from their time, ms",
      header: ["", "n", "p50", "p99", "max"],
      rows: jitters.map(({ system, busy, n, p50Ms, p99Ms, maxMs }) => [
        `${system}, ${busy ? "all cores busy" : "at rest"}`,
        String(n),
        ...[p50Ms, p99Ms, maxMs].map((ms) => ms.toFixed(2)),
      ]),
    },
    {
      title: "start of the program to the VIP on the leader, ms",
      header: ["", "n", "median", "p95", "max", `ratio to ${base}`],
      rows: systems.flatMap(({ name }) => {
        const of = (wanted: string): number[] =>
          starts.filter(({ system }) => system === wanted).map(({ firstHeldMs }) => firstHeldMs);
        return summaryRow(name, of(name), of(base));
      }),
    },
    {
      title: "all agents in a fail-over, calm before and after included: processor time, ms; memory, MB",
      header: ["", "n", "median", "p95", "max", `ratio to ${base}`, "RSS: median", "max"],
      rows: systems.flatMap(({ name }) => {
        const of = (wanted: string) => failOverCpu.filter(({ system }) => system === wanted);
        const cpu = (wanted: string): number[] => of(wanted).map(({ cpuMs }) => cpuMs);
        const rss = summarize(of(name).flatMap(({ rssMb }) => rssMb ?? []));
        const memory = rss === null ? ["–", "–"] : [fixed(rss.median, 1), fixed(rss.max, 1)];
        return name === "none" ? [] : summaryRow(name, cpu(name), cpu(base)).map((row) => [...row, ...memory]);
      }),
    },
  ];
}

function summaryRow(name: string, values: readonly number[], baseValues: readonly number[]): string[][] {
  return numbersRow(name, values).map((row) => [...row, formatRatio(ratioOfMedians(values, baseValues))]);
}

/** No row without values. */
function numbersRow(name: string, values: readonly number[]): string[][] {
  const found = summarize(values);
  if (found === null) return [];
  return [[name, String(found.n), ...[found.median, found.p95, found.max].map((value) => fixed(value, 1))]];
}

function short(value: number): string {
  return fixed(value, Math.abs(value) >= 10 ? 0 : 1);
}

/** Nobody wants to read -0.0. */
function fixed(value: number, digits: number): string {
  return value.toFixed(digits).replace(/^-(0(?:\.0+)?)$/, "$1");
}
