/** Which arrows of the state machine were taken, and how often. A run of many seeds that misses one does not prove much. */
import type { Report } from "../../src/core/types.js";

/** Every arrow that src/core can take: from, to, reason. */
export const arrows: readonly string[] = [
  "starting -> standby [not-present]",
  "starting -> standby [not-leader]",
  "starting -> standby [startup-grace-over]",
  "starting -> holder [adopted]",
  "starting -> lameDuck [adopted]",
  "starting -> fault [link-down]",
  "starting -> stopped [stop-release]",
  "starting -> stopped [stop-keep]",
  "standby -> holder [primary-writable]",
  "standby -> holder [leader-lock]",
  "standby -> holder [promote-grace-over]",
  "standby -> lameDuck [postgres-recovering]",
  "standby -> fault [link-down]",
  "standby -> stopped [stop-release]",
  "standby -> stopped [stop-keep]",
  "holder -> lameDuck [not-leader]",
  "holder -> lameDuck [patroni-silent]",
  "holder -> lameDuck [postgres-ending]",
  "holder -> lameDuck [postgres-recovering]",
  "holder -> standby [lease-ended]",
  "holder -> standby [two-leaders]",
  "holder -> fault [link-down]",
  "holder -> fault [address-refused]",
  "holder -> stopped [stop-release]",
  "holder -> stopped [stop-keep]",
  "lameDuck -> holder [patroni-back]",
  "lameDuck -> standby [claim]",
  "lameDuck -> standby [deadline]",
  "lameDuck -> standby [lease-ended]",
  "lameDuck -> standby [address-deleted]",
  "lameDuck -> fault [link-down]",
  "lameDuck -> fault [address-refused]",
  "lameDuck -> stopped [stop-release]",
  "lameDuck -> stopped [stop-keep]",
  "fault -> standby [retry]",
  "fault -> standby [not-present]",
  "fault -> starting [adopted]",
  "fault -> stopped [stop-release]",
  "fault -> stopped [stop-keep]",
];

export class Coverage {
  readonly #seen = new Map<string, number>();

  saw({ from, to, reason }: Report & { readonly kind: "transition" }): void {
    this.#add(`${from} -> ${to} [${reason}]`, 1);
  }

  /** How often each arrow was taken. */
  get taken(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#seen);
  }

  /** What another one has seen. */
  add(taken: Readonly<Record<string, number>>): void {
    for (const [arrow, times] of Object.entries(taken)) this.#add(arrow, times);
  }

  #add(arrow: string, times: number): void {
    this.#seen.set(arrow, (this.#seen.get(arrow) ?? 0) + times);
  }

  /** Arrows of the list that were never taken. */
  get missing(): readonly string[] {
    return arrows.filter((arrow) => !this.#seen.has(arrow));
  }

  /** Arrows that were taken although the list does not know them. */
  get unknown(): readonly string[] {
    return [...this.#seen.keys()].filter((arrow) => !arrows.includes(arrow));
  }

  lines(): readonly string[] {
    return [...arrows, ...this.unknown].map((arrow) => `${String(this.#seen.get(arrow) ?? 0).padStart(9)}  ${arrow}`);
  }
}
