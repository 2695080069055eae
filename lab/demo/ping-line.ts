/** The ping line of the demo: running numbers from the probe's records. */
import type { ProbeRecord } from "../probe/records.js";
import { nowMs } from "../wait.js";
import type { PingView } from "./view.js";

const sliceMs = 100;
const slicesKept = 200;
/** No answer for this long is worth showing. */
const silentMs = 100;

export class PingLine {
  readonly #slices: boolean[] = [];
  #sliceEndMs = 0;
  #sent = 0;
  #lost = 0;
  #lastAnswerMs: number | null = null;
  #lastRoundTripMs = 0;
  #longestSilenceMs = 0;

  note(record: ProbeRecord): void {
    if (record.kind !== "echo" && record.kind !== "lateEcho") return;
    if (record.kind === "echo") this.#sent += 1;
    if (record.answeredMs === null) this.#lost += 1;
    else this.#answered(record.answeredMs, record.answeredMs - record.sentMs);
  }

  /** What went before is of no interest: a new measurement begins. */
  restart(): void {
    this.#sent = 0;
    this.#lost = 0;
    this.#longestSilenceMs = 0;
  }

  get view(): PingView {
    const silenceMs = this.#lastAnswerMs === null ? 0 : nowMs() - this.#lastAnswerMs;
    const silent = this.#lastAnswerMs === null || silenceMs > silentMs;
    if (silent && this.#lastAnswerMs !== null) this.#fillSlices(nowMs(), false);
    return {
      sent: this.#sent,
      lost: this.#lost,
      lastMs: silent ? null : this.#lastRoundTripMs,
      longestSilenceMs: silent ? Math.max(this.#longestSilenceMs, silenceMs) : this.#longestSilenceMs,
      slices: this.#slices,
    };
  }

  #answered(atMs: number, roundTripMs: number): void {
    if (this.#lastAnswerMs !== null)
      this.#longestSilenceMs = Math.max(this.#longestSilenceMs, atMs - this.#lastAnswerMs);
    this.#fillSlices(atMs, true);
    this.#lastAnswerMs = atMs;
    this.#lastRoundTripMs = roundTripMs;
  }

  #fillSlices(untilMs: number, answered: boolean): void {
    if (this.#sliceEndMs === 0) this.#sliceEndMs = untilMs;
    for (; this.#sliceEndMs <= untilMs; this.#sliceEndMs += sliceMs) this.#slices.push(answered);
    this.#slices.splice(0, this.#slices.length - slicesKept);
  }
}
