/**
 * A model of Patroni on one machine: its HA loop against the DCS, what it does to PostgreSQL, and its REST API.
 *
 * Follows `patroni/ha.py` as far as a VIP can notice: the loop reads the DCS (which sets `dcs_last_seen`), renews or races
 * for the lock, demotes when the lock is lost or the DCS is away too long, starts what has crashed. `is_leader` is "wall
 * clock before the last successful renewal + ttl". PostgreSQL survives it: killed or frozen, Patroni leaves it writable.
 */
import type { PatroniStatus } from "../../src/wire/patroni.js";
import type { Dcs } from "./dcs.js";
import { type Machine, Process } from "./machine.js";
import type { Postgres } from "./postgres.js";
import type { Random } from "./random.js";
import type { Timer } from "./timeline.js";

export interface DcsTiming {
  readonly ttlMs: number;
  readonly loopWaitMs: number;
  readonly retryTimeoutMs: number;
}

export interface PatroniSettings extends DcsTiming {
  readonly failsafeMode: boolean;
  /** `primary_start_timeout: 0`: a crashed primary is not restarted, the lock is given up. */
  readonly failsOverOnCrash: boolean;
}

/** `GET /patroni` and `POST /failsafe`. */
export type PeerQuestion = "status" | "failsafe";

/** What the REST API of another member says to a candidate. */
export type PeerAnswer = "silent" | "refused" | "replica" | "primary";

export interface PatroniPorts {
  readonly dcs: Dcs;
  readonly postgres: Postgres;
  /** The other members, asked over the network: what they are, or whether they let this one lead without a DCS. */
  readonly askPeers: (from: string, question: PeerQuestion) => readonly PeerAnswer[];
  readonly isPaused: () => boolean;
  readonly trace: (text: string) => void;
}

export type RestAnswer =
  | { readonly kind: "refused" }
  | { readonly kind: "hangs" }
  | { readonly kind: "garbage" }
  | {
      readonly kind: "status";
      readonly hasRole: boolean;
      readonly status: PatroniStatus;
      readonly seenAtTrueMs: number;
    };

/** `lies`: health checks say "primary", and `/cluster` the truth. */
export type RestFault = "none" | "hangs" | "garbage" | "lies";

const PEER_TIMEOUT_MS = 2_000;
/** The margin that the agent keeps back from `ttl`, and an answer that is under way. */
const DOUBTED_MS = 2_500;
/** A `pre_promote` script, or much to replay. */
const SLOW_PROMOTION_CHANCE = 0.05;

export class Patroni {
  readonly process: Process;
  readonly #machine: Machine;
  readonly #random: Random;
  readonly #settings: PatroniSettings;
  readonly #ports: PatroniPorts;
  #leaderUntilWallMs: number | null = null;
  #ledAtTrueMs = -Infinity;
  #seenWallSeconds = 0;
  #seenAtTrueMs = -Infinity;
  /** Since then it tells the same of its last look: it has not looked again, or a clock that was set back makes it seem so. */
  #toldSinceTrueMs = -Infinity;
  #failsafeActive = false;
  /** Until then another member leads without the DCS: it has asked this one, which said yes. */
  #followsFailsafeUntilWallMs = -Infinity;
  #ending = false;
  /** The HA loop, or an action that it waits for, is under way. */
  #busy = false;
  #loopStartedAtMs = 0;
  #nextLoop: Timer | null = null;
  #nextLoopAtMs = Infinity;
  /** The API: what is wrong with it, and how long an answer takes at most. */
  rest: RestFault = "none";
  restDelayMs = 0;

  constructor(machine: Machine, random: Random, settings: PatroniSettings, ports: PatroniPorts) {
    this.#machine = machine;
    this.#random = random;
    this.#settings = settings;
    this.#ports = ports;
    this.process = new Process(machine, random);
  }

  // ── what others see ─────────────────────────────────────────────────────────────────────────────────────────────────

  /** `Ha.is_leader`: the lock as this Patroni believes it to be. */
  get isLeader(): boolean {
    return this.#leaderUntilWallMs !== null && this.#machine.wallMs() < this.#leaderUntilWallMs;
  }

  /** Leader by agreement of all members, without a DCS. */
  get isFailsafeLeader(): boolean {
    return this.process.running && this.#failsafeActive && this.isLeader;
  }

  /** Says "leader" on grounds that no lock proves: a lie, failsafe mode, or a wall clock that was set back since the renewal. */
  get leadsUnproven(): boolean {
    if (this.rest === "lies") return this.process.running;
    return this.isLeader && (this.#failsafeActive || this.#machine.wallSetBackAtMs > this.#ledAtTrueMs);
  }

  get answersAtOnce(): boolean {
    return this.process.running && !this.#ending && this.rest === "none" && this.restDelayMs === 0;
  }

  /** Its API answers at once, says "leader", and has seen the DCS lately enough to know. */
  get confirmsLeader(): boolean {
    return this.answersAtOnce && this.isLeader && !this.#isNearlyOutlived;
  }

  /** In pause Patroni says "leader" without its DCS until `ttl` is over; nobody has to believe the last seconds of that. */
  get #isNearlyOutlived(): boolean {
    if (this.#failsafeActive) return false;
    const { timeline } = this.#machine;
    const doubtedAfterMs = this.#settings.ttlMs - DOUBTED_MS;
    return (
      this.#machine.wallMs() >= this.#seenWallSeconds * 1_000 + doubtedAfterMs ||
      timeline.nowMs >= this.#toldSinceTrueMs + doubtedAfterMs
    );
  }

  get settings(): PatroniSettings {
    return this.#settings;
  }

  /** `GET /primary`, at the moment at which the request has arrived. */
  answer(): RestAnswer {
    if (!this.process.alive) return { kind: "refused" };
    if (!this.process.running || this.#ending || this.rest === "hangs") return { kind: "hangs" };
    if (this.rest === "garbage") return { kind: "garbage" };
    const told = { kind: "status", seenAtTrueMs: this.#seenAtTrueMs } as const;
    if (this.rest !== "lies") return { ...told, hasRole: this.isLeader, status: this.#status() };
    return { ...told, hasRole: true, status: { ...this.#status(), role: "primary", rawRole: "primary" } };
  }

  /** `POST /failsafe`, for a member that does not lead: for `ttl` it takes no part in a race, even if nobody has the lock. */
  acceptFailsafeLeader(): void {
    this.#followsFailsafeUntilWallMs = this.#machine.wallMs() + this.#settings.ttlMs;
  }

  /** `GET /cluster`: who has the lock, by the DCS. Like any look at it, this is when it was last seen. */
  readCluster(then: (owner: string | null) => void): void {
    if (!this.process.running || this.#ending || this.rest === "hangs" || this.rest === "garbage") return;
    const { dcs } = this.#ports;
    const answer = this.process.awaits(() => {
      this.#seeDcs();
      then(owner);
    });
    let owner: string | null = null;
    dcs.request(
      this.#machine.name,
      () => dcs.owner,
      (found) => {
        owner = found;
        answer();
      },
    );
  }

  #status(): PatroniStatus {
    const { postgres } = this.#ports;
    return {
      role: postgres.role,
      rawRole: postgres.role,
      state: postgres.state,
      rawState: postgres.state,
      timeline: 1,
      pause: this.#ports.isPaused(),
      failsafeActive: this.#failsafeActive,
      clusterUnlocked: false,
      dcsLastSeenSeconds: this.#seenWallSeconds,
      scope: "demo",
      name: this.#machine.name,
      version: "4.1.4",
      walPosition: null,
      watchdogFailed: false,
    };
  }

  // ── life ────────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Starts; a PostgreSQL that runs already is taken over as it is. */
  start(): void {
    if (this.process.alive || !this.#machine.powered) return;
    this.process.start();
    this.#leaderUntilWallMs = null;
    this.#failsafeActive = false;
    this.#followsFailsafeUntilWallMs = -Infinity;
    this.#ending = false;
    this.#busy = false;
    this.#ports.trace("Patroni starts");
    this.#scheduleLoop(this.#random.between(100, 800));
  }

  kill(): void {
    if (this.process.alive) this.#ports.trace("Patroni is killed");
    this.process.kill();
  }

  /** SIGTERM: PostgreSQL is stopped, then the lock is given back; the API hangs meanwhile. In pause PostgreSQL stays. */
  stop(): void {
    if (!this.process.alive || this.#ending) return;
    this.#ports.trace("Patroni stops");
    this.#ending = true;
    this.#nextLoop?.cancel();
    if (this.#ports.isPaused()) {
      this.process.after(this.#random.between(50, 500), () => this.kill());
      return;
    }
    this.#giveUp(() => this.kill());
  }

  /** `POST /switchover` on the leader: the API goes on answering 200 while PostgreSQL stops. */
  switchOver(): void {
    const { postgres } = this.#ports;
    if (!this.process.running || this.#ending || this.#busy || !this.isLeader || postgres.state !== "running") return;
    this.#ports.trace("switchover");
    this.#busy = true;
    this.#giveUp(() => {
      this.#leaderUntilWallMs = null;
      this.#startAs("replica", () => this.#finishLoop());
    });
  }

  /** The leader key is gone: a member that may lead looks at once, after a random wait. */
  wake(): void {
    if (!this.process.alive || this.#ending || this.#busy) return;
    const inMs = this.#random.between(10, 400);
    if (this.#machine.nowMs() + inMs < this.#nextLoopAtMs) this.#scheduleLoop(inMs);
  }

  /** PostgreSQL down, one more look of a second at its control file, then the key. */
  #giveUp(then: () => void): void {
    const { postgres, dcs } = this.#ports;
    const release = this.process.awaits(() => {
      this.process.after(this.#random.between(1_000, 2_000), () => {
        this.#request(() => dcs.release(this.#machine.name), then, then);
      });
    });
    if (postgres.state === "stopped" || postgres.state === "crashed") release();
    else postgres.stop(this.#random.between(50, 1_500), release);
  }

  // ── the HA loop ─────────────────────────────────────────────────────────────────────────────────────────────────────

  #scheduleLoop(inMs: number): void {
    this.#nextLoop?.cancel();
    this.#nextLoopAtMs = this.#machine.nowMs() + inMs;
    this.#nextLoop = this.process.after(inMs, () => this.#loop());
  }

  #finishLoop(): void {
    this.#busy = false;
    if (this.#ending) return;
    this.#scheduleLoop(Math.max(1, this.#loopStartedAtMs + this.#settings.loopWaitMs - this.#machine.nowMs()));
  }

  #loop(): void {
    if (this.#busy || this.#ending) return;
    this.#busy = true;
    this.#loopStartedAtMs = this.#machine.nowMs();
    const { dcs } = this.#ports;
    this.#call(
      () => dcs.owner,
      (owner) => {
        this.#seeDcs();
        this.#failsafeActive = false;
        if (owner === this.#machine.name) this.#renew();
        else if (owner === null && this.#machine.wallMs() >= this.#followsFailsafeUntilWallMs) this.#race();
        else this.#follow();
      },
      () => this.#loseDcs(),
    );
  }

  #seeDcs(): void {
    const seconds = Math.floor(this.#machine.wallMs() / 1_000);
    this.#seenAtTrueMs = this.#machine.timeline.nowMs;
    if (seconds !== this.#seenWallSeconds) this.#toldSinceTrueMs = this.#seenAtTrueMs;
    this.#seenWallSeconds = seconds;
  }

  #renew(): void {
    const { dcs } = this.#ports;
    this.#call(
      () => dcs.renew(this.#machine.name),
      (renewed) => {
        if (renewed) {
          this.#leadFromNow();
          this.#serve();
        } else {
          this.#demote("the lock is lost");
        }
      },
      () => this.#loseDcs(),
    );
  }

  #leadFromNow(): void {
    this.#leaderUntilWallMs = this.#machine.wallMs() + this.#settings.ttlMs;
    this.#ledAtTrueMs = this.#machine.timeline.nowMs;
    this.#followsFailsafeUntilWallMs = -Infinity;
  }

  /** With the lock: PostgreSQL must run as primary. */
  #serve(): void {
    const { postgres, dcs, isPaused } = this.#ports;
    if (isPaused() || postgres.state === "starting" || postgres.state === "stopping") {
      this.#finishLoop();
    } else if (postgres.state === "running" && postgres.role === "replica") {
      this.#promote();
    } else if (postgres.state === "running") {
      this.#finishLoop();
    } else if (this.#settings.failsOverOnCrash) {
      this.#leaderUntilWallMs = null;
      const then = (): void => this.#startAs("replica", () => this.#finishLoop());
      this.#call(() => dcs.release(this.#machine.name), then, then);
    } else {
      this.#startAs("primary", () => this.#finishLoop());
    }
  }

  /** Nobody has the lock. */
  #race(): void {
    const { postgres, dcs, isPaused } = this.#ports;
    this.#leaderUntilWallMs = null;
    if (postgres.state !== "running") {
      this.#startIfDown();
      return;
    }
    if (postgres.role === "replica" && isPaused()) {
      this.#finishLoop();
      return;
    }
    this.#askPeers((aPrimaryIsAlive) => {
      if (aPrimaryIsAlive || this.#ending) {
        this.#finishLoop();
        return;
      }
      this.#call(
        () => dcs.acquire(this.#machine.name),
        (acquired) => {
          if (acquired) {
            this.#leadFromNow();
            this.#serve();
          } else {
            this.#follow();
          }
        },
        () => this.#loseDcs(),
      );
    });
  }

  /** A member that does not answer costs two seconds; one that says it is primary ends the race. */
  #askPeers(then: (aPrimaryIsAlive: boolean) => void): void {
    const answers = this.#ports.askPeers(this.#machine.name, "status");
    const waitMs = answers.includes("silent") ? PEER_TIMEOUT_MS : this.#random.between(2, 20);
    this.process.after(waitMs, () => then(answers.includes("primary")));
  }

  /** Somebody else has the lock. */
  #follow(): void {
    const { postgres, isPaused } = this.#ports;
    this.#leaderUntilWallMs = null;
    if (postgres.state !== "running") this.#startIfDown();
    else if (postgres.role === "primary" && !isPaused()) this.#demote("somebody else has the lock");
    else this.#finishLoop();
  }

  #startIfDown(): void {
    const { postgres, isPaused } = this.#ports;
    const down = postgres.state === "stopped" || postgres.state === "crashed";
    if (down && !isPaused()) this.#startAs("replica", () => this.#finishLoop());
    else this.#finishLoop();
  }

  /** The DCS did not answer for `retry_timeout`. */
  #loseDcs(): void {
    const { postgres, isPaused, askPeers } = this.#ports;
    const isPrimary = postgres.role === "primary" && postgres.state === "running";
    if (isPaused() || !isPrimary) {
      this.#finishLoop();
    } else if (this.#settings.failsafeMode && this.isLeader && allAgree(askPeers(this.#machine.name, "failsafe"))) {
      this.#ports.trace("failsafe mode is active");
      this.#failsafeActive = true;
      this.#leadFromNow();
      this.#finishLoop();
    } else {
      this.#demote("the DCS is away");
    }
  }

  #demote(why: string): void {
    this.#ports.trace(`demotes: ${why}`);
    this.#leaderUntilWallMs = null;
    this.#failsafeActive = false;
    const { postgres } = this.#ports;
    const restart = this.process.awaits(() => this.#startAs("replica", () => this.#finishLoop()));
    if (postgres.state === "stopped" || postgres.state === "crashed") restart();
    else postgres.stop(this.#random.between(50, 2_000), restart);
  }

  #promote(): void {
    this.#ports.postgres.promote(
      this.#random.chance(SLOW_PROMOTION_CHANCE) ? this.#random.between(1_000, 3_000) : this.#random.between(25, 300),
      this.process.awaits(() => this.#finishLoop()),
    );
  }

  #startAs(role: "primary" | "replica", then: () => void): void {
    if (this.#ending) return;
    this.#ports.postgres.start(role, this.#random.between(300, 2_500), this.process.awaits(then));
  }

  /** A DCS request of the HA loop, which SIGTERM breaks off. */
  #call<Answer>(ask: () => Answer, then: (answer: Answer) => void, fail: () => void): void {
    this.#request(
      ask,
      (answer) => {
        if (!this.#ending) then(answer);
      },
      () => {
        if (!this.#ending) fail();
      },
    );
  }

  /** A DCS request with Patroni's retries: a third of `retry_timeout` for each attempt. */
  #request<Answer>(ask: () => Answer, then: (answer: Answer) => void, fail: () => void): void {
    const { dcs } = this.#ports;
    const untilMs = this.#machine.nowMs() + this.#settings.retryTimeoutMs;
    let settled = false;
    const attempt = (): void => {
      if (settled) return;
      if (this.#machine.nowMs() >= untilMs - 1) {
        settled = true;
        fail();
        return;
      }
      let answer: { readonly value: Answer } | null = null;
      const take = this.process.awaits(() => {
        if (settled || answer === null) return;
        settled = true;
        then(answer.value);
      });
      dcs.request(this.#machine.name, ask, (value) => {
        answer = { value };
        take();
      });
      this.process.after(this.#settings.retryTimeoutMs / 3, attempt);
    };
    attempt();
  }
}

/** `POST /failsafe`: each member must answer, and one that leads itself refuses. */
function allAgree(answers: readonly PeerAnswer[]): boolean {
  return answers.every((answer) => answer === "replica");
}
