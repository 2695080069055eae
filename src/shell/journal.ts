/** What a group remembers of its reports, for status: the last transition, and the alarms whose cause is recent. */
import type { Reason, Report } from "../core/types.js";

export type Transition = Report & { readonly kind: "transition" };

export interface Alarm {
  readonly reason: Reason;
  readonly text: string;
  readonly sinceMs: number;
  readonly lastMs: number;
}

/** An alarm is over when its cause has not shown itself for this long. */
const ALARM_MEMORY_MS = 60_000;

export class Journal {
  #lastTransition: Transition | null = null;
  readonly #alarms = new Map<Reason, Alarm>();

  get lastTransition(): Transition | null {
    return this.#lastTransition;
  }

  note(report: Report, nowMs: number): void {
    // What was withheld because of maintenance may be had again.
    if (report.kind === "notice" && report.reason === "resumed") this.#alarms.delete("withheld");
    if (report.kind === "transition") this.#lastTransition = report;
    if (report.kind !== "alarm") return;
    const { reason, text } = report;
    const known = this.alarms(nowMs).find((alarm) => alarm.reason === reason);
    this.#alarms.set(reason, { reason, text, sinceMs: known?.sinceMs ?? nowMs, lastMs: nowMs });
  }

  alarms(nowMs: number): readonly Alarm[] {
    return [...this.#alarms.values()].filter(({ lastMs }) => nowMs - lastMs < ALARM_MEMORY_MS);
  }
}
