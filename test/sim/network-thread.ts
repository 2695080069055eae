/**
 * The native network thread of one agent, as src/ports/network.ts promises it: it carries out orders one after the other,
 * repeats adverts on their cadence, renews the kernel's lease up to the right, and lets go by itself when nobody renews.
 */
import type { Leases, TakeOverTimes } from "../../src/core/types.js";
import type { Kernel } from "./kernel.js";
import { type Machine, Process } from "./machine.js";
import type { Random } from "./random.js";
import type { Timer } from "./timeline.js";

const ORDER_MS = 0.05;
const TAKE_OVER_MS = 0.05;
const KERNEL_LEASE_SECONDS = 2;
const KERNEL_RENEWAL_MS = 500;
/** Noticed later than this after the end of a lease, a resignation would only disturb the next holder. */
const SILENT_AFTER_MS = 1_000;

export type ThreadOrder =
  | {
      readonly kind: "takeOver";
      readonly holding: number;
      readonly priority: number;
      readonly announce: boolean;
      readonly leases: Leases;
    }
  | { readonly kind: "renew"; readonly holding: number; readonly leases: Leases }
  | { readonly kind: "advertise"; readonly holding: number; readonly priority: number }
  | { readonly kind: "announce"; readonly holding: number }
  | { readonly kind: "release"; readonly holding: number }
  | { readonly kind: "abandon"; readonly holding: number }
  | { readonly kind: "removeAddresses" };

export interface ThreadPorts {
  readonly kernel: Kernel;
  readonly sendAdvert: (priority: number) => void;
  /** Gratuitous ARP, request and reply. */
  readonly announce: () => void;
  /** Events for the agent's event loop. */
  readonly tookOver: (holding: number, outcome: TakeOverTimes | "refused") => void;
  readonly leaseEnded: (holding: number) => void;
  readonly removalFailed: () => void;
  readonly refusesAddresses: () => boolean;
}

interface Held {
  readonly holding: number;
  leases: Leases;
  priority: number;
  timers: readonly Timer[];
}

export class NetworkThread {
  readonly process: Process;
  readonly #machine: Machine;
  readonly #advertIntervalMs: number;
  readonly #ports: ThreadPorts;
  #held: Held | null = null;

  constructor(machine: Machine, random: Random, advertIntervalMs: number, ports: ThreadPorts) {
    this.#machine = machine;
    this.#advertIntervalMs = advertIntervalMs;
    this.#ports = ports;
    this.process = new Process(machine, random);
  }

  start(): void {
    this.process.start();
    this.#held = null;
  }

  execute(order: ThreadOrder): void {
    this.#machine.after(
      ORDER_MS,
      this.process.awaits(() => {
        this.#endIfOver();
        this.#carryOut(order);
      }),
    );
  }

  #carryOut(order: ThreadOrder): void {
    if (order.kind === "takeOver") {
      this.#takeOver(order);
      return;
    }
    if (order.kind === "removeAddresses") {
      if (this.#held === null && !this.#remove()) this.#ports.removalFailed();
      return;
    }
    // A holding that has ended is not resurrected: ENOENT.
    const held = this.#held;
    if (held === null || held.holding !== order.holding) return;
    switch (order.kind) {
      case "renew":
        held.leases = order.leases;
        this.#watchLease(held);
        return;
      case "advertise":
        held.priority = order.priority;
        this.#ports.sendAdvert(order.priority);
        return;
      case "announce":
        this.#ports.announce();
        return;
      case "release":
        if (!this.#letGo(true)) this.#ports.removalFailed();
        return;
      case "abandon":
        this.#renewKernel(held);
        this.#forget();
        return;
    }
  }

  #takeOver(order: ThreadOrder & { readonly kind: "takeOver" }): void {
    const { holding, leases, priority } = order;
    const startedAtMs = this.#machine.nowMs();
    if (leases.leaseUntilMs <= startedAtMs || this.#ports.refusesAddresses()) {
      // Undone: nothing is left half held.
      if (this.#held?.holding === holding) this.#letGo(true);
      else if (this.#held === null) this.#remove();
      this.#ports.tookOver(holding, "refused");
      return;
    }
    this.#forget();
    const held: Held = { holding, leases, priority, timers: [] };
    this.#held = held;
    this.#ports.kernel.put(Math.max(1, this.#kernelSeconds(held)) * 1_000);
    if (order.announce) this.#ports.announce();
    this.#ports.sendAdvert(priority);
    this.#every(held, this.#advertIntervalMs, () => this.#ports.sendAdvert(held.priority));
    this.#every(held, KERNEL_RENEWAL_MS, () => this.#renewKernel(held));
    this.#watchLease(held);
    const doneAtMs = startedAtMs + TAKE_OVER_MS;
    const times = { startedAtMs, addressAtMs: startedAtMs, announcedAtMs: doneAtMs, advertisedAtMs: doneAtMs };
    // Told before anything that the thread hears about the address afterwards.
    this.#ports.tookOver(holding, times);
  }

  #every(held: Held, intervalMs: number, run: () => void): void {
    const tick = (): void => {
      this.#endIfOver();
      if (this.#held !== held) return;
      run();
      wait();
    };
    const wait = (): void => {
      this.process.after(intervalMs, tick);
    };
    wait();
  }

  #watchLease(held: Held): void {
    for (const timer of held.timers) timer.cancel();
    held.timers = [this.process.at(held.leases.leaseUntilMs, () => this.#endIfOver())];
  }

  /** Compares with the clock right before anything is done: a thread that was stopped wakes up with an old lease. */
  #endIfOver(): void {
    const held = this.#held;
    if (held === null || this.#machine.nowMs() < held.leases.leaseUntilMs) return;
    const removed = this.#letGo(this.#machine.nowMs() - held.leases.leaseUntilMs < SILENT_AFTER_MS);
    this.#ports.leaseEnded(held.holding);
    if (!removed) this.#ports.removalFailed();
  }

  #renewKernel(held: Held): void {
    const seconds = this.#kernelSeconds(held);
    if (seconds >= 1 && !this.#ports.refusesAddresses()) this.#ports.kernel.put(seconds * 1_000);
  }

  /** Whole seconds that do not reach beyond the right. */
  #kernelSeconds({ leases }: Held): number {
    return Math.min(KERNEL_LEASE_SECONDS, Math.floor((leases.rightUntilMs - this.#machine.nowMs()) / 1_000));
  }

  /** False when the address could not be removed. */
  #letGo(resign: boolean): boolean {
    this.#forget();
    const removed = this.#remove();
    if (resign) this.#ports.sendAdvert(0);
    return removed;
  }

  #remove(): boolean {
    if (this.#ports.refusesAddresses()) return false;
    this.#ports.kernel.remove("deleted");
    return true;
  }

  #forget(): void {
    for (const timer of this.#held?.timers ?? []) timer.cancel();
    this.#held = null;
  }
}
