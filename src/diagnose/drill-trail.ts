/**
 * What a drill has seen: changes as events in words, and states as lanes of a timeline. Pure; instants are monotonic
 * milliseconds until the result is made.
 */
import type { Lane, LaneSpan } from "../report/timeline.js";

export type Actor = "Patroni" | "VIP" | "ARP" | "client";

export interface DrillEvent {
  readonly atMs: number;
  readonly actor: Actor;
  readonly text: string;
}

export interface LaneRule {
  /** A state that is not confirmed for this long is over; `Infinity` = it lasts until there is another. */
  readonly validMs: number;
  /** What it is called when nothing is known; `null` = nothing is drawn. */
  readonly gap: string | null;
}

interface Run {
  readonly state: string;
  readonly fromMs: number;
  lastMs: number;
}

interface LaneRecord {
  readonly rule: LaneRule;
  readonly runs: Run[];
  readonly marks: { readonly atMs: number; readonly what: string }[];
}

export class DrillTrail {
  readonly #events: DrillEvent[] = [];
  readonly #lastTexts = new Map<string, string>();
  readonly #lanes = new Map<string, LaneRecord>();

  tell(actor: Actor, text: string, atMs: number): void {
    this.#events.push({ actor, text, atMs });
  }

  /** Only what is new about a subject is an event. */
  tellChange(actor: Actor, subject: string, text: string, atMs: number): void {
    const key = `${actor} ${subject}`;
    if (this.#lastTexts.get(key) === text) return;
    this.#lastTexts.set(key, text);
    this.tell(actor, `${subject}: ${text}`, atMs);
  }

  /** Lanes are drawn in the order in which they are opened. */
  openLane(name: string, rule: LaneRule): void {
    this.#lanes.set(name, { rule, runs: [], marks: [] });
  }

  /** The lane is in this state now; what was seen before stays, however late this one is heard of. */
  sample(lane: string, state: string, atMs: number): void {
    const record = this.#lanes.get(lane);
    if (record === undefined) return;
    const last = record.runs.at(-1);
    if (last?.state === state && atMs - last.lastMs <= record.rule.validMs) last.lastMs = Math.max(last.lastMs, atMs);
    else record.runs.push({ state, fromMs: Math.max(atMs, last?.lastMs ?? -Infinity), lastMs: atMs });
  }

  mark(lane: string, what: string, atMs: number): void {
    this.#lanes.get(lane)?.marks.push({ atMs, what });
  }

  /** The first change after `sinceMs` that is not the client's own; `null` when there was none. */
  firstCauseMs(sinceMs: number): number | null {
    const instants = this.#events.filter(({ atMs, actor }) => atMs > sinceMs && actor !== "client");
    return instants.length === 0 ? null : Math.min(...instants.map(({ atMs }) => atMs));
  }

  events(zeroMs: number): readonly DrillEvent[] {
    return [...this.#events]
      .sort((a, b) => a.atMs - b.atMs)
      .map((event) => ({ ...event, atMs: tenths(event.atMs - zeroMs) }));
  }

  /** Relative to `zeroMs`; what is still so ends with `endMs`. */
  lanes(zeroMs: number, endMs: number): readonly Lane[] {
    return [...this.#lanes].map(([name, { rule, runs, marks }]) => ({
      name,
      spans: spansOf(runs, rule, endMs).map(({ fromMs, toMs, state }) => ({
        fromMs: tenths(fromMs - zeroMs),
        toMs: tenths(toMs - zeroMs),
        state,
      })),
      marks: marks.map(({ atMs, what }) => ({ atMs: tenths(atMs - zeroMs), what })),
    }));
  }
}

function spansOf(runs: readonly Run[], { validMs, gap }: LaneRule, endMs: number): readonly LaneSpan[] {
  return runs.flatMap(({ state, fromMs, lastMs }, index) => {
    const nextMs = runs[index + 1]?.fromMs ?? endMs;
    // A state that was not confirmed any more ended when it was last seen, not when it was missed.
    const isOver = nextMs - lastMs > validMs;
    const toMs = isOver ? lastMs : nextMs;
    const gaps = isOver && gap !== null ? [{ fromMs: toMs, toMs: nextMs, state: gap }] : [];
    return [{ fromMs, toMs, state }, ...gaps].filter((span) => span.fromMs < span.toMs);
  });
}

export function tenths(ms: number): number {
  return Math.round(ms * 10) / 10;
}
