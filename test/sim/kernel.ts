/** The VIP on one machine's interface, as its kernel keeps it: with a valid lifetime, or for ever. */
import type { Machine } from "./machine.js";
import type { Random } from "./random.js";
import type { Timer } from "./timeline.js";

/** Measured: an address goes between 20 ms before and 1.25 s after its lifetime has ended. */
const EXPIRY_EARLY_MS = 20;
const EXPIRY_LATE_MS = 1_250;

export type AddressEnd = "deleted" | "expired" | "deletedBySomebody";

export class Kernel {
  readonly #machine: Machine;
  readonly #random: Random;
  readonly #onAdded: () => void;
  readonly #onGone: (how: AddressEnd) => void;
  #present = false;
  #permanent = false;
  #expiry: Timer | null = null;

  constructor(machine: Machine, random: Random, onAdded: () => void, onGone: (how: AddressEnd) => void) {
    this.#machine = machine;
    this.#random = random;
    this.#onAdded = onAdded;
    this.#onGone = onGone;
  }

  get hasVip(): boolean {
    return this.#present;
  }

  /** Without a lifetime: somebody put it there, for an agent always gives one. */
  get isForeign(): boolean {
    return this.#present && this.#permanent;
  }

  /** RTM_NEWADDR, create or replace. */
  put(validMs: number): void {
    this.#expiry?.cancel();
    const added = !this.#present;
    this.#present = true;
    this.#permanent = validMs === Infinity;
    if (validMs !== Infinity) {
      const inMs = validMs + this.#random.between(-EXPIRY_EARLY_MS, EXPIRY_LATE_MS);
      this.#expiry = this.#machine.after(inMs, () => this.remove("expired"));
    }
    if (added) this.#onAdded();
  }

  /** RTM_DELADDR. */
  remove(how: AddressEnd): void {
    this.#expiry?.cancel();
    if (!this.#present) return;
    this.#present = false;
    this.#onGone(how);
  }

  /** The machine lost power: nothing is left, and nobody is told. */
  vanish(): void {
    this.#expiry?.cancel();
    this.#present = false;
  }
}
