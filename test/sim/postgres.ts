/** PostgreSQL on one machine: what Patroni makes it do takes time, and it goes on by itself when Patroni is dead. */
import type { PortState } from "../../src/core/observation.js";
import type { Machine } from "./machine.js";

export type PostgresState = "stopped" | "starting" | "running" | "stopping" | "crashed";

export class Postgres {
  readonly #machine: Machine;
  readonly #onChange: (text: string) => void;
  #state: PostgresState = "stopped";
  #role: "primary" | "replica" = "replica";
  /** Names the change that is under way: a crash or another order makes it void. */
  #change = 0;
  /** Who waits for the change, also when a crash makes it void. */
  #then: (() => void) | null = null;

  constructor(machine: Machine, onChange: (text: string) => void) {
    this.#machine = machine;
    this.#onChange = onChange;
  }

  get state(): PostgresState {
    return this.#state;
  }

  get role(): "primary" | "replica" {
    return this.#role;
  }

  /** Somebody who connects now can write. A suspended machine writes nothing. */
  get writable(): boolean {
    return this.#state === "running" && this.#role === "primary" && this.#machine.awake;
  }

  /** A connection is accepted at TCP level until the postmaster has ended, also while it shuts down. */
  get port(): PortState {
    return this.#state === "stopped" || this.#state === "crashed" ? "refuses" : "accepts";
  }

  start(role: "primary" | "replica", takesMs: number, then: () => void): void {
    this.#role = role;
    this.#set("starting");
    this.#later(takesMs, then, () => this.#set("running"));
  }

  stop(takesMs: number, then: () => void): void {
    this.#set("stopping");
    this.#later(takesMs, then, () => this.#set("stopped"));
  }

  promote(takesMs: number, then: () => void): void {
    this.#later(takesMs, then, () => {
      this.#role = "primary";
      this.#set("running");
    });
  }

  /** The postmaster is killed. */
  crash(): void {
    if (this.#state === "stopped" || this.#state === "crashed") return;
    this.#change += 1;
    this.#set("crashed");
    this.#finish();
  }

  /** The machine lost power. */
  vanish(): void {
    this.#change += 1;
    this.#then = null;
    this.#set("stopped");
  }

  #later(takesMs: number, then: () => void, change: () => void): void {
    this.#change += 1;
    const number = this.#change;
    this.#then = then;
    this.#machine.after(takesMs, () => {
      if (number !== this.#change) return;
      change();
      this.#finish();
    });
  }

  #finish(): void {
    const then = this.#then;
    this.#then = null;
    then?.();
  }

  #set(state: PostgresState): void {
    this.#state = state;
    this.#onChange(`${state} ${this.#role}`);
  }
}
