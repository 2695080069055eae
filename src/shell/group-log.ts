/** Tells each report of a group once, in one log line with its numbers. */
import type { Logger } from "../log.js";
import type { GroupState, Report, TakeOverTimes } from "../core/types.js";
import { unreachable } from "../assert.js";

/** The instants of a transition that a take-over may follow. */
export interface Decision {
  readonly askedAtMs: number | null;
  readonly answeredAtMs: number | null;
  readonly decidedAtMs: number;
}

export class GroupLog {
  readonly #log: Logger;
  /** The decision that the next take-over carries out, for the line that tells how long everything took. */
  #decision: Decision | null = null;

  constructor(log: Logger) {
    this.#log = log;
  }

  write(report: Report, state: GroupState): void {
    switch (report.kind) {
      case "transition": {
        const { from, to, reason, text } = report;
        this.#decision = report;
        const patroni = state.view === null ? null : state.view.verdict.kind;
        const level = to === "fault" ? "error" : "info";
        this.#log[level]({ event: "transition", from, to, reason, patroni }, `${from} -> ${to}: ${text}`);
        return;
      }
      case "tookOver":
        this.#tookOver(report);
        return;
      case "notice":
        this.#log.info({ event: "notice", reason: report.reason }, report.text);
        return;
      case "alarm":
        this.#log.warn({ event: "alarm", reason: report.reason }, report.text);
        return;
      default:
        unreachable(report);
    }
  }

  #tookOver({ times }: Report & { readonly kind: "tookOver" }): void {
    const decision = this.#decision;
    this.#decision = null;
    this.#log.info({ event: "tookOver", ...takeOverSpans(decision, times) }, "the VIP is on this node and announced");
  }
}

/** How long each part of a take-over took, in milliseconds. */
export function takeOverSpans(decision: Decision | null, times: TakeOverTimes) {
  return {
    detectMs: span(decision?.askedAtMs, decision?.answeredAtMs),
    decideMs: span(decision?.answeredAtMs, decision?.decidedAtMs),
    addressMs: span(decision?.decidedAtMs, times.addressAtMs),
    announceMs: span(times.addressAtMs, times.announcedAtMs),
    advertMs: span(times.announcedAtMs, times.advertisedAtMs),
  };
}

/** Milliseconds between two instants, to a hundredth; `null` when one of them is not known. */
function span(fromMs: number | null | undefined, toMs: number | null | undefined): number | null {
  if (typeof fromMs !== "number" || typeof toMs !== "number") return null;
  return Math.round((toMs - fromMs) * 100) / 100;
}
