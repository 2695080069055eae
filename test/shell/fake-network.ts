/** A network in memory and a clock that is turned by hand, for the shell's own tests. */
import type { Clock } from "../../src/ports/clock.js";
import type { Observation } from "../../src/core/observation.js";
import type { HealthAnswer, Patroni } from "../../src/ports/patroni.js";
import type { Network, NetworkEvent, NetworkOrder, OrderFailure } from "../../src/ports/network.js";
import { Orders } from "../../src/shell/orders.js";

export class ManualClock implements Clock {
  #nowMs = 1_000;
  #timers: { atMs: number; callback: () => void }[] = [];

  nowMs(): number {
    return this.#nowMs;
  }

  at(atMs: number, callback: () => void): () => void {
    const timer = { atMs, callback };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  /** Lets time pass; timers fire in order, and what they started gets its turn in between. */
  async pass(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms;
    for (;;) {
      await settle();
      const next = this.#timers.filter(({ atMs }) => atMs <= untilMs).sort((a, b) => a.atMs - b.atMs)[0];
      if (next === undefined) break;
      this.#timers = this.#timers.filter((timer) => timer !== next);
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      next.callback();
    }
    this.#nowMs = untilMs;
  }
}

/** Carries out every order at once, and remembers it. */
export class FakeNetwork implements Network {
  readonly carriedOut: NetworkOrder[] = [];
  readonly orders = new Orders(this);
  readonly #clock: Clock;
  failure: OrderFailure | null = null;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  execute(orders: readonly NetworkOrder[]): void {
    for (const order of orders) this.#carryOut(order);
  }

  #carryOut(order: NetworkOrder): void {
    this.carriedOut.push(order);
    const atMs = this.#clock.nowMs();
    const times = { startedAtMs: atMs, addressAtMs: atMs, announcedAtMs: atMs, advertisedAtMs: atMs };
    const { failure } = this;
    const done: NetworkEvent & { kind: "done" } = {
      kind: "done",
      order: order.order,
      atMs,
      failure,
      times: order.kind === "takeOver" && failure === null ? times : null,
      socketsDestroyed: 0,
      answer: null,
      sentAtMs: null,
    };
    queueMicrotask(() => {
      this.orders.settle(done);
    });
  }

  heardAtMs(): null {
    return null;
  }

  close(): void {
    this.carriedOut.length = 0;
  }

  kinds(): string[] {
    return this.carriedOut.map(({ kind }) => kind);
  }
}

export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** A Patroni that says what the test wants it to, at once, or when that is something new. */
export function fakePatroni(clock: Clock, observe: () => Observation): Patroni {
  const answer = (): HealthAnswer => {
    const sentAtMs = clock.nowMs();
    return { sentAtMs, answeredAtMs: sentAtMs, observation: observe(), said: null };
  };
  return {
    health: () => Promise.resolve(answer()),
    news: async (_path, _timeoutMs, { known, firstAtMs, everyMs, untilMs }) => {
      const said = JSON.stringify(known.observation);
      for (let atMs = firstAtMs; ; atMs += everyMs) {
        await new Promise<void>((resolve) => clock.at(atMs, resolve));
        if (JSON.stringify(observe()) !== said || atMs + everyMs > untilMs) return answer();
      }
    },
    settings: () => Promise.resolve({ kind: "unavailable", detail: "not asked" }),
    members: () => Promise.resolve([]),
    close: () => undefined,
  };
}
