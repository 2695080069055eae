/** One fail-over, strip above strip: what Patroni said, what PostgreSQL took, who had the VIP, what the client met. */
import type { Lane, MeasuredRound } from "../results.js";
import { axis, escape, percent, plotRow } from "./markup.js";

const heightPx = 14;

/** States by what they mean to a client; the rest is neutral. */
const looks: Readonly<Record<string, string>> = {
  leader: "good",
  written: "good",
  held: "good",
  lock: "half",
  readOnly: "half",
  refused: "bad",
  failed: "bad",
  lost: "bad",
  silent: "none",
  replica: "none",
};

/** `toMs`: end of the axis, the same for all systems of a scenario. */
export function timeline(title: string, { lanes }: MeasuredRound, toMs: number): string {
  const rows = lanes.map(({ name, spans, marks }) =>
    plotRow(name, heightPx, [
      ...spans
        .filter(({ fromMs }) => fromMs < toMs)
        .map((span) => bar(span, lookOf(span.state, spans[0]?.state), toMs)),
      ...marks.filter(({ atMs }) => atMs < toMs).map(({ atMs, what }) => mark(atMs, what, toMs)),
    ]),
  );
  return `<figure><figcaption>${escape(title)}</figcaption>${rows.join("")}${axis(ticksUpTo(toMs))}</figure>`;
}

/** A little after the last change that a client notices, so that the calm end takes no room. */
export function interestingMs(rounds: readonly MeasuredRound[]): number {
  const starts = rounds.flatMap(({ lanes }) =>
    lanes.filter(({ name }) => !name.startsWith("Patroni")).flatMap(({ spans }) => spans.map(({ fromMs }) => fromMs)),
  );
  return Math.max(100, ...starts) * 1.1;
}

/** Echoes come from whoever sent the first ones, or from somebody else. */
function lookOf(state: string, first: string | undefined): string {
  return looks[state] ?? (state === first ? "old" : "new");
}

function bar({ fromMs, toMs, state }: Lane["spans"][number], look: string, endMs: number): string {
  const width = (Math.min(toMs, endMs) - fromMs) / endMs;
  const told = `${state}: ${fromMs.toFixed(1)} to ${toMs.toFixed(1)} ms`;
  return `<rect x="${percent(fromMs / endMs)}" width="${percent(width)}" height="100%" class="${look}"><title>${escape(told)}</title></rect>`;
}

function mark(atMs: number, what: string, endMs: number): string {
  const x = percent(atMs / endMs);
  return `<line x1="${x}" x2="${x}" y1="0" y2="100%" class="mark"><title>${escape(`${what}: ${atMs.toFixed(1)} ms`)}</title></line>`;
}

function ticksUpTo(endMs: number): { share: number; label: string }[] {
  const step = [10, 50, 100, 250, 500, 1000, 2500, 5000, 10_000].find((ms) => endMs / ms <= 6) ?? 30_000;
  return Array.from({ length: Math.floor(endMs / step) + 1 }, (_, index) => ({
    share: (index * step) / endMs,
    label: `${(index * step) / 1000} s`,
  }));
}
