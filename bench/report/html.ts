/** The whole report as one HTML file without anything from elsewhere: plots, tables, machine. Pure. */
import { escape } from "../../src/report/markup.js";
import { legend, list, page, table } from "../../src/report/page.js";
import { timeline } from "../../src/report/timeline.js";
import { goalsTable } from "../goals.js";
import { outliersTable } from "../outliers.js";
import { median } from "../statistics.js";
import { measuredRounds, type MeasuredRound, type Results, valuesOf } from "../results.js";
import { allTables, failures, type Table } from "../tables.js";
import { interestingMs } from "./extent.js";
import { stripPlot } from "./strips.js";

/** Drawn as points; everything else is in the tables. */
const plotted = [
  { measure: "silence", title: "longest silence of the VIP" },
  { measure: "connect", title: "slowest connect()" },
  { measure: "added", title: "added outage" },
  { measure: "gap", title: "write outage, PostgreSQL's and Patroni's own part included" },
];

export function htmlReport(results: Results): string {
  const scenarios = results.scenarios.map((scenario) => scenarioSection(results, scenario));
  const body = `<h1>VIP managers for Patroni, side by side</h1>
<p>${escape(results.startedAt)}, <code>${escape(results.command)}</code>, back end ${escape(results.backend)}.
Every point is one fail-over. Compare systems only inside one run; how it is measured is in docs/benchmark.md.</p>
${list(results.systems.map(({ name, about }) => `${name}: ${about}`))}
${tableMarkup(goalsTable(results))}
${flipSection(results)}
${scenarios.join("\n")}
<h2>Tables</h2>
${[...allTables(results, false), outliersTable(results)].map(tableMarkup).join("\n")}
${failureSection(results)}
<h2>Machine and versions</h2>
${list(Object.entries(results.machine).map(([name, value]) => `${name}: ${value}`))}`;
  return page("VIP managers side by side", body, style);
}

function scenarioSection(results: Results, { name, about }: Results["scenarios"][number]): string {
  const strips = plotted.map(({ measure, title }) =>
    stripPlot(
      title,
      results.systems.map((system) => ({
        name: system.name,
        values: valuesOf(results, system.name, name, measure),
      })),
    ),
  );
  const typical = results.systems
    .filter((system) => system.name !== "none")
    .flatMap((system) => typicalRound(measuredRounds(results.rounds, system.name, name)) ?? []);
  const window = { fromMs: 0, toMs: interestingMs(typical) };
  const timelines = typical.map(({ system, round, lanes }) => timeline(`${system}, round ${round}`, lanes, window));
  return `<h2>${escape(name)}</h2>
<p>${escape(about)}</p>
${strips.join("")}
<h3>One fail-over each: the round with the median silence</h3>
${timelines.length === 0 ? "" : lookLegend}
${timelines.join("\n")}`;
}

function flipSection({ flips, systems }: Results): string {
  const strips = systems.map(({ name }) => ({
    name,
    values: flips.filter(({ system }) => system === name).flatMap(({ answeredMs }) => answeredMs ?? []),
  }));
  const plot = stripPlot("from the role in Patroni to the first answer at the client", strips);
  return plot === "" ? "" : `<h2>flip</h2><p>The agent alone: stand-ins exchange their roles.</p>${plot}`;
}

function typicalRound(rounds: readonly MeasuredRound[]): MeasuredRound | null {
  const silence = (round: MeasuredRound): number => round.values["silence"] ?? 0;
  const middle = median(rounds.map(silence));
  return rounds.find((round) => silence(round) === middle) ?? null;
}

function failureSection(results: Results): string {
  const lines = failures(results);
  return lines.length === 0 ? "" : `<h2>Rounds that failed</h2>${list(lines)}`;
}

function tableMarkup({ title, header, rows }: Table): string {
  return `<h3>${escape(title)}</h3>${table(header, rows)}`;
}

const lookLegend = legend([
  ["good", "serves writes, or has the VIP"],
  ["half", "has the lock but is read-only"],
  ["bad", "refused, failed, lost, no neighbour entry"],
  ["none", "not the leader, or silent"],
  ["old", "echoes from, or neighbour entry of, who came first"],
  ["new", "of another node"],
]);

/** Beyond the common style: the points, and tables with so many columns that a narrow screen wants them closer. */
const style = `
.point { fill: var(--point); fill-opacity: .45; }
@media (max-width: 40rem) { th, td { padding: .15rem .3rem; white-space: normal; } td:first-child { min-width: 7rem; } }
`;
