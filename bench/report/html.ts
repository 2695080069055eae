/** The whole report as one HTML file without anything from elsewhere: plots, tables, machine. Pure. */
import { goalsTable } from "../goals.js";
import { outliersTable } from "../outliers.js";
import { median } from "../statistics.js";
import { measuredRounds, type MeasuredRound, type Results, valuesOf } from "../results.js";
import { allTables, failures, type Table } from "../tables.js";
import { escape } from "./markup.js";
import { stripPlot } from "./strips.js";
import { interestingMs, timeline } from "./timeline.js";

/** Drawn as points; everything else is in the tables. */
const plotted = [
  { measure: "silence", title: "longest silence of the VIP" },
  { measure: "connect", title: "slowest connect()" },
  { measure: "added", title: "added outage" },
  { measure: "gap", title: "write outage, PostgreSQL's and Patroni's own part included" },
];

export function htmlReport(results: Results): string {
  const scenarios = results.scenarios.map((scenario) => scenarioSection(results, scenario));
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>VIP managers side by side</title>
<style>${style}</style>
</head>
<body>
<h1>VIP managers for Patroni, side by side</h1>
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
${list(Object.entries(results.machine).map(([name, value]) => `${name}: ${value}`))}
</body>
</html>
`;
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
  const endMs = interestingMs(typical);
  const timelines = typical.map((round) => timeline(`${round.system}, round ${round.round}`, round, endMs));
  return `<h2>${escape(name)}</h2>
<p>${escape(about)}</p>
${strips.join("")}
<h3>One fail-over each: the round with the median silence</h3>
${timelines.length === 0 ? "" : legend}
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
  const cells = (tag: string, texts: readonly string[]): string =>
    `<tr>${texts.map((text) => `<${tag}>${escape(text)}</${tag}>`).join("")}</tr>`;
  const body = rows.map((row) => cells("td", row)).join("");
  return `<h3>${escape(title)}</h3><div class="wide"><table>${cells("th", header)}${body}</table></div>`;
}

function list(lines: readonly string[]): string {
  return `<ul>${lines.map((line) => `<li>${escape(line)}</li>`).join("")}</ul>`;
}

const legend = `<p class="legend"><span class="good"></span> serves writes, or has the VIP
<span class="half"></span> has the lock but is read-only <span class="bad"></span> refused, failed, lost
<span class="none"></span> not the leader, or silent <span class="old"></span> echoes from
the node that answered first <span class="new"></span> from another &nbsp;| ARP announcement</p>`;

const style = `
:root { color-scheme: light dark; --text: #1b1f24; --page: #fff; --line: #d0d7de; --soft: #f3f5f7;
  --good: #1a7f37; --half: #bf8700; --bad: #cf222e; --none: #c3cad2; --old: #0969da; --new: #8250df; --point: #0969da; }
@media (prefers-color-scheme: dark) { :root { --text: #e6edf3; --page: #0d1117; --line: #30363d; --soft: #161b22;
  --good: #3fb950; --half: #d29922; --bad: #f85149; --none: #484f58; --old: #58a6ff; --new: #bc8cff; --point: #58a6ff; } }
body { margin: 0 auto; max-width: 60rem; padding: 1rem; color: var(--text); background: var(--page);
  font: 15px/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
h2 { margin-top: 2.5rem; border-bottom: 1px solid var(--line); }
figure { margin: 1rem 0 1.5rem; }
figcaption { font-weight: 600; margin-bottom: .3rem; }
.row { display: grid; grid-template-columns: 11rem 1fr; align-items: center; gap: .5rem; margin-bottom: 2px; }
.label { font-size: 13px; text-align: right; }
svg { display: block; width: 100%; background: var(--soft); overflow: visible; }
.point { fill: var(--point); fill-opacity: .45; }
rect.good, .legend .good { fill: var(--good); background: var(--good); }
rect.half, .legend .half { fill: var(--half); background: var(--half); }
rect.bad, .legend .bad { fill: var(--bad); background: var(--bad); }
rect.none, .legend .none { fill: var(--none); background: var(--none); }
rect.old, .legend .old { fill: var(--old); background: var(--old); }
rect.new, .legend .new { fill: var(--new); background: var(--new); }
.mark { stroke: var(--text); stroke-width: 1.5; }
.legend { font-size: 13px; }
.legend span { display: inline-block; width: 1.2em; height: .8em; margin-left: .6em; }
.ticks { position: relative; height: 1.4em; font-size: 12px; }
.ticks span { position: absolute; transform: translateX(-50%); white-space: nowrap; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: 13px; font-variant-numeric: tabular-nums; overflow-wrap: normal; }
th, td { padding: .15rem .6rem; border-bottom: 1px solid var(--line); text-align: right; white-space: nowrap; }
th:first-child, td:first-child { text-align: left; }
@media (max-width: 40rem) { th, td { padding: .15rem .3rem; white-space: normal; } td:first-child { min-width: 7rem; } .row { grid-template-columns: 1fr; gap: 0; } .label { text-align: left; }
  .axis .label { display: none; } .ticks span:last-child { transform: translateX(-100%); } }
`;
