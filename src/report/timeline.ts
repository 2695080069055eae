/** What happened as strips of a timeline, one above the other: from when to when something was what, and single events. */
import { axis, escape, percent, plotRow } from "./markup.js";

/** Milliseconds on one scale, whose zero is what the page says it is. */
export interface Lane {
  readonly name: string;
  readonly spans: readonly LaneSpan[];
  readonly marks: readonly { readonly atMs: number; readonly what: string }[];
}

export interface LaneSpan {
  readonly fromMs: number;
  readonly toMs: number;
  readonly state: string;
}

/** The part of the lanes that is drawn. */
export interface TimeWindow {
  readonly fromMs: number;
  readonly toMs: number;
}

const heightPx = 14;

/** States by what they mean to a client; the rest is told apart by whether it was there at first. */
const looks: Readonly<Record<string, string>> = {
  leader: "good",
  written: "good",
  held: "good",
  primary: "good",
  answered: "good",
  lock: "half",
  readOnly: "half",
  kept: "half",
  changing: "half",
  refused: "bad",
  failed: "bad",
  lost: "bad",
  down: "bad",
  unresolved: "bad",
  gone: "none",
  silent: "none",
  replica: "none",
};

export function timeline(title: string, lanes: readonly Lane[], window: TimeWindow): string {
  const rows = lanes.map(({ name, spans, marks }) =>
    plotRow(name, heightPx, [
      ...spans.flatMap((span) => bar(span, lookOf(span.state, spans[0]?.state), window)),
      ...marks.filter(({ atMs }) => isInside(atMs, window)).map(({ atMs, what }) => mark(atMs, what, window)),
    ]),
  );
  return `<figure><figcaption>${escape(title)}</figcaption>${rows.join("")}${axis(ticksOf(window))}</figure>`;
}

/** Echoes come from whoever sent the first ones, or from somebody else. */
function lookOf(state: string, first: string | undefined): string {
  return looks[state] ?? (state === first ? "old" : "new");
}

function bar({ fromMs, toMs, state }: LaneSpan, look: string, window: TimeWindow): readonly string[] {
  const [from, to] = [Math.max(fromMs, window.fromMs), Math.min(toMs, window.toMs)];
  if (from >= to) return [];
  const [x, width] = [percent(share(from, window)), percent(share(to, window) - share(from, window))];
  const told = escape(`${state}: ${fromMs.toFixed(1)} to ${toMs.toFixed(1)} ms`);
  return [`<rect x="${x}" width="${width}" height="100%" class="${look}"><title>${told}</title></rect>`];
}

function mark(atMs: number, what: string, window: TimeWindow): string {
  const x = percent(share(atMs, window));
  return `<line x1="${x}" x2="${x}" y1="0" y2="100%" class="mark"><title>${escape(`${what}: ${atMs.toFixed(1)} ms`)}</title></line>`;
}

function isInside(atMs: number, { fromMs, toMs }: TimeWindow): boolean {
  return atMs >= fromMs && atMs < toMs;
}

function share(atMs: number, { fromMs, toMs }: TimeWindow): number {
  return (atMs - fromMs) / (toMs - fromMs);
}

function ticksOf(window: TimeWindow): { share: number; label: string }[] {
  const lengthMs = window.toMs - window.fromMs;
  const step = [10, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000].find((ms) => lengthMs / ms <= 6) ?? 300_000;
  const first = Math.ceil(window.fromMs / step);
  const count = Math.floor(window.toMs / step) - first + 1;
  return Array.from({ length: count }, (_, index) => ({
    share: share((first + index) * step, window),
    label: `${String(((first + index) * step) / 1000)} s`,
  }));
}
