/** Numbers of repeated measurements, and tables of them as plain text. */

export interface Summary {
  readonly n: number;
  readonly median: number;
  readonly p95: number;
  readonly max: number;
}

/** Percentiles by the nearest-rank method; of no values there is no summary. */
export function summarize(values: readonly number[]): Summary | null {
  const sorted = [...values].sort((a, b) => a - b);
  const rank = (share: number): number => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? NaN;
  return sorted.length === 0 ? null : { n: sorted.length, median: rank(0.5), p95: rank(0.95), max: rank(1) };
}

/** Milliseconds for people: one digit after the point below 10, none above. */
export function formatMs(ms: number | null): string {
  if (ms === null) return "–";
  return `${Math.abs(ms) < 10 ? ms.toFixed(1) : ms.toFixed(0)} ms`;
}

/** Columns as wide as their widest cell; the first is flush left, the others flush right. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [header, ...rows];
  const widths = header.map((_, column) => Math.max(...lines.map((line) => (line[column] ?? "").length)));
  const format = (line: readonly string[]): string =>
    widths
      .map((width, column) => (column === 0 ? (line[0] ?? "").padEnd(width) : (line[column] ?? "").padStart(width)))
      .join("  ");
  const rule = widths.map((width) => "─".repeat(width)).join("──");
  return [format(header), rule, ...rows.map(format)].join("\n");
}
