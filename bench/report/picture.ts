/**
 * One fail-over of each of three systems as an SVG for the README: who takes writes, who answers for the VIP, and what a
 * client of the VIP gets, on one axis. Narrow and with large letters, so that a phone shows it too. Pure.
 */
import { type Lane, measuredRounds, type MeasuredRound, type Results, valuesOf } from "../results.js";
import { median } from "../statistics.js";
import { escape } from "../../src/report/markup.js";
import { interestingMs } from "./extent.js";

const scenario = "stop-patroni";
const systems: readonly string[] = ["pgvip", "keepalived-best", "keepalived-article"];

const widthPx = 460;
const labelPx = 88;
const marginPx = 12;
const stripsPx = widthPx - labelPx - 2 * marginPx;
const panelPx = 86;
const rowPx = 19;
const barPx = 13;

/** `null` when not all of the systems were measured. */
export function picture(results: Results): string | null {
  const rounds = systems.flatMap((system) => typicalRound(results, system) ?? []);
  if (rounds.length < systems.length) return null;
  const endMs = interestingMs(rounds);
  const panels = rounds.map((round, index) => panel(round, endMs, marginPx + index * panelPx));
  const axisPx = marginPx + rounds.length * panelPx;
  const heightPx = axisPx + 60;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${widthPx} ${heightPx}" width="${widthPx * 1.5}" role="img">
<title>${escape(caption(results))}</title>
<style>${style}</style>
<rect width="${widthPx}" height="${heightPx}" rx="8" class="page"/>
${[...panels, axis(endMs, axisPx), legend(axisPx + 44)].join("\n")}
</svg>
`;
}

/** What the picture shows, in words and with the medians of all rounds. */
export function caption(results: Results): string {
  const medianOf = (system: string, measure: string): string =>
    milliseconds(median(valuesOf(results, system, scenario, measure)));
  const numbers = systems.map((system) => `${system} ${medianOf(system, "added")} and ${medianOf(system, "silence")}`);
  const count = valuesOf(results, "pgvip", scenario, "added").length;
  return (
    "Patroni is stopped on the leader. Outage added to PostgreSQL's own, and longest silence of the VIP, " +
    `medians of ${count} rounds: ${numbers.join("; ")}.`
  );
}

function typicalRound(results: Results, system: string): MeasuredRound | null {
  const middle = median(valuesOf(results, system, scenario, "added"));
  const rounds = measuredRounds(results.rounds, system, scenario);
  return rounds.find(({ values }) => values["added"] === middle) ?? null;
}

function panel({ system, values, lanes }: MeasuredRound, endMs: number, topPx: number): string {
  const numbers = `added ${milliseconds(values["added"] ?? NaN)}, silent ${milliseconds(values["silence"] ?? NaN)}`;
  const named = (name: string): Lane["spans"] => lanes.find((lane) => lane.name === name)?.spans ?? [];
  const served = lanes
    .filter(({ name }) => name.startsWith("PostgreSQL "))
    .flatMap(({ spans }) => spans.flatMap(written));
  // While a primary takes writes, a client whose write fails has the VIP to blame; else there is nobody to write to.
  const missed = served.map((bar) => ({ ...bar, look: "fails" }));
  const strips = [
    { label: "PostgreSQL", bars: served, rest: "nobody" },
    { label: "VIP answers", bars: echoBars(named("client: echo")), rest: "fails" },
    {
      label: "client writes",
      bars: [...missed, ...clientWrites(named("client: write"), served, values["added"] ?? 0)],
      rest: "nobody",
    },
  ];
  const measuredMs = Math.max(...lanes.flatMap(({ spans }) => spans.map(({ toMs }) => toMs)));
  return [
    `<text x="${marginPx}" y="${topPx + 14}" class="name">${escape(system)}</text>`,
    `<text x="${widthPx - marginPx}" y="${topPx + 14}" class="end">${escape(numbers)}</text>`,
    ...strips.map(({ label, bars, rest }, index) => {
      const yPx = topPx + 21 + index * rowPx;
      const whole: Bar = { fromMs: 0, toMs: measuredMs, look: rest };
      // The measurement ends in calm; the pale rest says that nothing changes any more.
      const last = bars.findLast(({ toMs }) => toMs >= measuredMs) ?? whole;
      const calm: Bar = { fromMs: measuredMs, toMs: endMs, look: `${last.look} calm` };
      const drawn = [whole, ...bars, calm].map((bar) => rectangle(bar, endMs, yPx)).join("");
      return `<text x="${marginPx}" y="${yPx + 11}">${label}</text>${drawn}`;
    }),
  ].join("\n");
}

interface Bar {
  readonly fromMs: number;
  readonly toMs: number;
  readonly look: string;
}

/** Writes that were taken; who took them from the first moment on is the old node. */
function written({ fromMs, toMs, state }: Lane["spans"][number], index: number): Bar[] {
  return state === "written" ? [{ fromMs, toMs, look: index === 0 ? "old" : "new" }] : [];
}

/** The new server's fork and log-in are not the VIP's: what is drawn as its failure is the added outage, as measured. */
function clientWrites(spans: Lane["spans"], served: readonly Bar[], addedMs: number): Bar[] {
  const possibleMs = served.find(({ look }) => look === "new")?.fromMs ?? Infinity;
  const throughVipMs = possibleMs + Math.max(0, addedMs);
  return spans
    .flatMap(written)
    .map((bar) => (bar.look === "new" ? { ...bar, fromMs: Math.min(bar.fromMs, throughVipMs) } : bar));
}

function echoBars(spans: Lane["spans"]): Bar[] {
  const old = spans[0]?.state;
  const look = (state: string): string => (state === "lost" ? "fails" : state === old ? "old" : "new");
  return spans.map(({ fromMs, toMs, state }) => ({ fromMs, toMs, look: look(state) }));
}

function rectangle({ fromMs, toMs, look }: Bar, endMs: number, yPx: number): string {
  const x = (ms: number): number => marginPx + labelPx + (Math.min(ms, endMs) / endMs) * stripsPx;
  const width = x(toMs) - x(fromMs);
  if (width <= 0) return "";
  return `<rect x="${x(fromMs).toFixed(2)}" y="${yPx}" width="${width.toFixed(2)}" height="${barPx}" class="${look}"/>`;
}

function axis(endMs: number, topPx: number): string {
  const stepMs = [250, 500, 1000, 2000, 5000].find((step) => endMs / step <= 8) ?? 10_000;
  const ticks = Array.from({ length: Math.floor(endMs / stepMs) + 1 }, (_, index) => index * stepMs);
  const x = (ms: number): string => (marginPx + labelPx + (ms / endMs) * stripsPx).toFixed(2);
  const lines = ticks.map((ms) => `<line x1="${x(ms)}" x2="${x(ms)}" y1="${marginPx + 20}" y2="${topPx}"/>`);
  const texts = ticks.map((ms) => `<text x="${x(ms)}" y="${topPx + 16}" class="tick">${ms / 1000} s</text>`);
  return [...lines, ...texts].join("\n");
}

function legend(yPx: number): string {
  const entries = [
    ["old", "old node"],
    ["new", "new node"],
    ["nobody", "no primary"],
    ["fails", "VIP fails"],
  ] as const;
  return entries
    .map(([look, text], index) => {
      const xPx = marginPx + index * 112;
      return `<rect x="${xPx}" y="${yPx - 11}" width="${barPx}" height="${barPx}" class="${look}"/><text x="${xPx + 18}" y="${yPx}">${text}</text>`;
    })
    .join("\n");
}

function milliseconds(ms: number): string {
  if (ms >= 1000) return `${(ms / 1000).toFixed(1)} s`;
  return `${ms.toFixed(ms < 10 ? 1 : 0)} ms`;
}

const style = `
text { font: 13px system-ui, sans-serif; fill: #1b1f24; } .name { font-weight: 600; } .end { text-anchor: end; }
.tick { text-anchor: middle; font-size: 12px; } line { stroke: #1b1f24; stroke-opacity: .25; } .page { fill: #fff; }
.old { fill: #0969da; } .new { fill: #8250df; } .nobody { fill: #c3cad2; } .fails { fill: #cf222e; }
.calm { opacity: .35; }
@media (prefers-color-scheme: dark) { text { fill: #e6edf3; } line { stroke: #e6edf3; } .page { fill: #0d1117; }
.old { fill: #58a6ff; } .new { fill: #bc8cff; } .nobody { fill: #484f58; } .fails { fill: #f85149; } }
`;
