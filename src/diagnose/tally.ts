/**
 * Adds up what one probe meets: how long answers took, and how long there was none. Pure; instants are monotonic
 * milliseconds.
 */

export interface Attempt {
  readonly sentMs: number;
  /** When it ended, one way or the other. */
  readonly endedMs: number;
  /** `refused`: the host answers, the service does not. */
  readonly outcome: "answered" | "refused" | "readOnly" | "failed";
  /** Error code, or nothing. */
  readonly detail: string;
}

/** A time without an answer, from the last answer before it to the first one after it. */
export interface Blackout {
  readonly fromMs: number;
  readonly durationMs: number;
  /** What was met instead of answers, the most frequent first; empty when nothing came back at all. */
  readonly met: readonly string[];
}

export interface TallySummary {
  readonly sent: number;
  readonly answered: number;
  readonly refused: number;
  readonly readOnly: number;
  readonly failed: number;
  readonly longestSilenceMs: number;
  readonly blackouts: readonly Blackout[];
  /** Of answers, in milliseconds; `null` when there was none. */
  readonly answerMs: { readonly median: number; readonly p99: number; readonly max: number } | null;
}

/** Answers kept for the percentiles; the oldest go first. */
const MAX_KEPT = 100_000;
const MAX_BLACKOUTS = 1000;

export class Tally {
  readonly #thresholdMs: number;
  readonly #counts = { sent: 0, answered: 0, refused: 0, readOnly: 0, failed: 0 };
  readonly #spans: number[] = [];
  readonly #blackouts: Blackout[] = [];
  #met = new Map<string, number>();
  #lastAnswerMs: number;
  #longestMs = 0;

  /** A silence of `thresholdMs` and more is a blackout. */
  constructor(thresholdMs: number, startMs: number) {
    this.#thresholdMs = thresholdMs;
    this.#lastAnswerMs = startMs;
  }

  /** Returns the blackout that this answer ends, if it ends one. */
  note({ sentMs, endedMs, outcome, detail }: Attempt): Blackout | null {
    this.#counts.sent += 1;
    this.#counts[outcome] += 1;
    if (outcome !== "answered") {
      const what = detail === "" ? outcome : detail;
      this.#met.set(what, (this.#met.get(what) ?? 0) + 1);
      return null;
    }
    if (this.#spans.length >= MAX_KEPT) this.#spans.splice(0, MAX_KEPT / 2);
    this.#spans.push(endedMs - sentMs);
    const blackout = this.#gapUntil(endedMs);
    this.#lastAnswerMs = Math.max(this.#lastAnswerMs, endedMs);
    this.#met = new Map();
    if (blackout !== null && this.#blackouts.length < MAX_BLACKOUTS) this.#blackouts.push(blackout);
    return blackout;
  }

  /** Since when there has been no answer. */
  silentMs(nowMs: number): number {
    return Math.max(0, nowMs - this.#lastAnswerMs);
  }

  /** How long the newest answer took; `null` before the first one. */
  get lastAnswerTookMs(): number | null {
    return this.#spans.at(-1) ?? null;
  }

  longestSilenceMs(nowMs: number): number {
    return Math.max(this.#longestMs, this.silentMs(nowMs));
  }

  /** `nowMs` ends the measurement: a silence that is not over yet counts too. */
  summary(nowMs: number): TallySummary {
    const open = nowMs - this.#lastAnswerMs >= this.#thresholdMs ? this.#gapUntil(nowMs) : null;
    const sorted = [...this.#spans].sort((a, b) => a - b);
    const rank = (share: number): number => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
    return {
      ...this.#counts,
      longestSilenceMs: this.longestSilenceMs(nowMs),
      blackouts: open === null ? this.#blackouts : [...this.#blackouts, open],
      answerMs: sorted.length === 0 ? null : { median: rank(0.5), p99: rank(0.99), max: rank(1) },
    };
  }

  #gapUntil(endMs: number): Blackout | null {
    const durationMs = endMs - this.#lastAnswerMs;
    this.#longestMs = Math.max(this.#longestMs, durationMs);
    if (durationMs < this.#thresholdMs) return null;
    const met = [...this.#met].sort(([, a], [, b]) => b - a).map(([what]) => what);
    return { fromMs: this.#lastAnswerMs, durationMs, met };
  }
}
