/** The results as lines and tables, for the terminal and for docs/faults.md. Pure. */
import { table } from "../../lab/measure.js";
import { formatValue } from "./judge.js";
import { type MeasureName, measureNames, type Values } from "./measures.js";
import type { Results, Row } from "./results.js";

/** What the tables show of every fault; the JSON has all. */
const columns: readonly MeasureName[] = [
  "several",
  "bothWritable",
  "stale",
  "vacant",
  "gone",
  "lost",
  "silence",
  "cut",
  "hung",
  "rst",
  "usable",
];

/** One fault as it ends. */
export function line(row: Row): string {
  if (row.kind === "failed") return `${row.system}, ${row.fault}: FAILED: ${row.reason}`;
  const told = measureNames
    .filter((name) => row.values[name] !== null && row.values[name] !== undefined)
    .map((name) => `${name} ${formatValue(name, row.values[name] ?? null)}`);
  const verdict = row.missed.length === 0 ? "ok" : `MISSED ${row.missed.join("; ")}`;
  return `${row.system}, ${row.fault}: ${verdict}  (${told.join(", ")})`;
}

export function asText(results: Results): string {
  return table(["fault", "system", ...columns, "bounds", ""], rowsOf(results));
}

export function asMarkdown(results: Results): string {
  const cells = (row: readonly string[]): string => `| ${row.join(" | ")} |`;
  const header = ["fault", "system", ...columns, "bounds of pgvip", ""];
  const rule = header.map((_, column) => (column < 2 || column > columns.length + 1 ? "---" : "--:"));
  return [
    `Played ${results.startedAt} with \`${results.command}\`.`,
    "",
    ...Object.entries(results.machine).map(([name, value]) => `- ${name}: ${value}`),
    "",
    cells(header),
    cells(rule),
    ...rowsOf(results).map(cells),
    "",
  ].join("\n");
}

function rowsOf(results: Results): string[][] {
  return results.faults.flatMap(({ name, bounds }) =>
    results.rows
      .filter(({ fault }) => fault === name)
      .map((row, index) => [
        index === 0 ? name : "",
        row.system,
        ...(row.kind === "failed" ? columns.map(() => "") : columns.map((column) => cell(column, row.values))),
        index === 0 ? bounds : "",
        row.kind === "failed" ? `failed: ${row.reason}` : row.missed.length === 0 ? "kept" : "missed",
      ]),
  );
}

function cell(measure: MeasureName, values: Readonly<Record<string, Values[MeasureName]>>): string {
  return formatValue(measure, values[measure] ?? null);
}
