/**
 * One member of the stand-in cluster: what Patroni's HA loop does with the leader lock and with PostgreSQL, at the pace
 * that was measured on Patroni 3.0.2 (ttl 30, loop_wait 10).
 */
import { nowMs, sleep } from "../wait.js";
import { DcsClient } from "./dcs-client.js";
import type { DcsState } from "./dcs-protocol.js";
import { PostgresControl } from "./postgres-control.js";

export interface MemberSettings {
  readonly name: string;
  readonly scope: string;
  readonly directory: string;
  readonly dcsAddress: string;
  readonly ttlMs: number;
  readonly loopWaitMs: number;
  readonly retryTimeoutMs: number;
  /** From the lock to the first accepted write. */
  readonly promoteMs: number;
}

/** Measured pace of a hand-over; what happens between two of them is Patroni waiting. */
const pace = {
  /** From the order to stop until PostgreSQL refuses. */
  stopPostgresMs: 50,
  /** From SIGTERM until the lock is released and the process ends. */
  shutdownMs: 1200,
  /** From the order to switch over until `/primary` is no longer 200, and until the lock is released. */
  demotedMs: 1070,
  releaseMs: 1090,
  /** From the order to switch over until the old primary is back as a replica. */
  rejoinMs: 3600,
  /** From the release of the lock until another member has it. */
  acquireMs: 10,
} as const;

/** A state of the DCS that is older than this says nothing. */
const dcsTimeoutMs = 1000;

export type MemberState = "starting" | "running" | "stopping" | "stopped" | "unknown";

export class Member {
  readonly settings: MemberSettings;
  readonly #postgres: PostgresControl;
  readonly #dcs: DcsClient;
  #dcsState: DcsState | null = null;
  /** When a state last came from the DCS, whatever it said. */
  #dcsHeardAtMs = 0;
  /** When the HA loop last read the DCS: wall clock, as Patroni tells it in `dcs_last_seen`. */
  #dcsLastSeen = 0;
  /** How far its wall clock is ahead. */
  clockMs = 0;
  #lockUntilMs: number | null = null;
  #state: MemberState = "starting";
  /** A promotion, demotion or restart that is under way; the HA loop waits for it. */
  #busy: Promise<void> | null = null;
  #shuttingDown = false;

  constructor(settings: MemberSettings) {
    this.settings = settings;
    this.#postgres = new PostgresControl(settings.name, settings.directory);
    this.#dcs = new DcsClient(settings.dcsAddress, (state) => {
      this.#dcsState = state;
      this.#dcsHeardAtMs = nowMs();
      this.#followDcs(state);
    });
    setInterval(() => {
      this.#loop();
    }, settings.loopWaitMs);
    // The HA loop wakes up early when the DCS has been away for too long.
    setInterval(() => {
      this.#demoteWithoutDcs();
    }, 100);
    this.#occupy(async () => {
      await this.#postgres.start();
      this.#state = "running";
    });
  }

  /** Patroni's `is_leader()`: has the lock, as far as this member can know. Says nothing about PostgreSQL. */
  get isLeader(): boolean {
    return this.#lockUntilMs !== null && nowMs() < this.#lockUntilMs;
  }

  /** As in the JSON of the health checks. */
  get state(): MemberState {
    // Patroni learns of a crash in its next loop; until then its query for the health check fails.
    if (this.#state === "running" && this.#postgres.role === null) return "unknown";
    return this.#state;
  }

  get isPrimary(): boolean {
    return this.#postgres.role === "primary" || (this.#postgres.role === null && this.isLeader);
  }

  get dcsLastSeen(): number {
    return this.#dcsLastSeen;
  }

  get dcsState(): DcsState | null {
    return this.#dcsState;
  }

  /** After SIGTERM Patroni's REST server takes connections and leaves them without an answer. */
  get answersRest(): boolean {
    return !this.#shuttingDown;
  }

  requestSwitchover(candidate: string): void {
    this.#dcs.send({ kind: "switchover", candidate });
  }

  /** SIGTERM: PostgreSQL stops, replicas get time to follow, the lock is released last. */
  async shutDown(): Promise<void> {
    this.#shuttingDown = true;
    const startMs = nowMs();
    await sleep(pace.stopPostgresMs);
    this.#state = "stopping";
    await this.#postgres.stop();
    if (!this.isLeader) return;
    await sleep(startMs + pace.shutdownMs - nowMs());
    this.#release();
    await this.#dcs.close();
  }

  #loop(): void {
    if (this.#shuttingDown || this.#busy !== null) return;
    if (this.#dcsState === null || this.#dcsSilentMs > dcsTimeoutMs) return;
    this.#readDcs(this.#dcsState);
    if (this.state === "unknown") this.#restartPostgres();
  }

  #readDcs(state: DcsState): void {
    this.#dcsLastSeen = Math.floor((Date.now() + this.clockMs) / 1000);
    if (state.leader !== this.settings.name) return;
    this.#dcs.send({ kind: "renew", member: this.settings.name });
    this.#lockUntilMs = nowMs() + this.settings.ttlMs;
  }

  /** A change of the leader key wakes the HA loop. */
  #followDcs(state: DcsState): void {
    if (this.#shuttingDown || this.#busy !== null || this.#dcsSilentMs > dcsTimeoutMs) return;
    if (this.#dcsLastSeen === 0) this.#readDcs(state);
    if (state.leader === this.settings.name) this.#lead(state);
    else if (state.leader === null) this.#tryAcquire(state);
    else if (this.#lockUntilMs !== null || this.#postgres.role === "primary") this.#demoteNow();
  }

  #lead(state: DcsState): void {
    if (this.#lockUntilMs === null) this.#readDcs(state);
    if (this.#postgres.role === "replica") this.#promote();
    else if (state.candidate !== null && state.candidate !== this.settings.name) this.#handOver();
  }

  #tryAcquire(state: DcsState): void {
    this.#lockUntilMs = null;
    if (this.#postgres.role === null || (state.candidate !== null && state.candidate !== this.settings.name)) return;
    this.#occupy(async () => {
      await sleep(pace.acquireMs);
      this.#dcs.send({ kind: "acquire", member: this.settings.name });
    });
  }

  /** The lock is ours, `/primary` is 200 from now on; PostgreSQL needs its time. */
  #promote(): void {
    this.#occupy(async () => {
      await sleep(this.settings.promoteMs);
      await this.#postgres.become("primary");
    });
  }

  /** Switchover on the side of the old leader. */
  #handOver(): void {
    this.#occupy(async () => {
      const startMs = nowMs();
      await sleep(pace.stopPostgresMs);
      this.#state = "stopping";
      await this.#postgres.stop();
      await sleep(startMs + pace.demotedMs - nowMs());
      this.#lockUntilMs = null;
      this.#state = "stopped";
      await sleep(startMs + pace.releaseMs - nowMs());
      this.#release();
      await sleep(startMs + pace.rejoinMs - nowMs());
      await this.#startAsReplica();
    });
  }

  /** Somebody else has the lock, or nobody knows who: stop serving writes at once. */
  #demoteNow(): void {
    this.#lockUntilMs = null;
    this.#occupy(async () => {
      this.#state = "stopping";
      await this.#postgres.stop();
      await this.#startAsReplica();
    });
  }

  #demoteWithoutDcs(): void {
    const { loopWaitMs, retryTimeoutMs } = this.settings;
    if (this.#busy !== null || this.#shuttingDown || this.#lockUntilMs === null) return;
    if (this.#dcsSilentMs > loopWaitMs + retryTimeoutMs) this.#demoteNow();
  }

  get #dcsSilentMs(): number {
    return nowMs() - this.#dcsHeardAtMs;
  }

  /** Crash recovery in place: the leader stays leader. */
  #restartPostgres(): void {
    this.#occupy(async () => {
      this.#state = "starting";
      await this.#postgres.start();
      if (this.isLeader) await this.#postgres.become("primary");
      this.#state = "running";
    });
  }

  async #startAsReplica(): Promise<void> {
    this.#state = "starting";
    await this.#postgres.start();
    this.#state = "running";
  }

  #release(): void {
    this.#lockUntilMs = null;
    this.#dcs.send({ kind: "release", member: this.settings.name });
  }

  /** One piece of work at a time; a mistake in it ends the program, as any other would. */
  #occupy(work: () => Promise<void>): void {
    this.#busy = work().finally(() => {
      this.#busy = null;
      if (this.#dcsState !== null) this.#followDcs(this.#dcsState);
    });
  }
}
