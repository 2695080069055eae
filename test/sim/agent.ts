/**
 * One agent: the real core on virtual time, and the part of src/shell/group-runner.ts around it. JavaScript's event loop
 * and the network thread are two processes here, because either can stand still alone.
 */
import { unreachable } from "../../src/assert.js";
import { initialState, nextDeadlineMs, type step } from "../../src/core/group.js";
import type { Member, Observation, UnknownReason } from "../../src/core/observation.js";
import type { Effect, GroupEvent, GroupSettings, GroupState, Leases, Patience } from "../../src/core/types.js";
import { ExpectedAdverts } from "../core/expected-adverts.js";
import type { AddressEnd } from "./kernel.js";
import { type Machine, Process } from "./machine.js";
import { NetworkThread, type ThreadPorts } from "./network-thread.js";
import type { Patroni, RestAnswer } from "./patroni.js";
import type { Postgres } from "./postgres.js";
import type { Random } from "./random.js";
import type { Timer } from "./timeline.js";

export type StepFunction = typeof step;

/** From the network thread's queue to the event loop. */
const EVENT_MS = 0.1;
const CONFIG_RETRY_MS = 1_000;
const CLUSTER_TIMEOUT_MS = 2_000;
/** From the order to release to the end of the process. */
const LEAVING_MS = 2;

export const VIP = "10.0.0.100";

export interface AgentPorts extends Omit<ThreadPorts, "tookOver" | "leaseEnded" | "removalFailed"> {
  readonly patroni: Patroni;
  readonly postgres: Postgres;
  readonly hasLink: () => boolean;
  readonly stepped: (before: GroupState, event: GroupEvent, after: GroupState, effects: readonly Effect[]) => void;
}

type Answered = Exclude<RestAnswer, { readonly kind: "hangs" }>;

export class Agent {
  readonly loop: Process;
  readonly thread: NetworkThread;
  readonly #machine: Machine;
  readonly #random: Random;
  readonly #settings: GroupSettings;
  readonly #step: StepFunction;
  readonly #ports: AgentPorts;
  #state: GroupState = initialState();
  #queue: GroupEvent[] = [];
  #draining = false;
  #tick: Timer | null = null;
  #placed = false;
  /** Adverts are heard once Patroni has said which cluster this is: the router ID derives from it. */
  #listens = false;
  #holding: number | null = null;
  #lastHolding = 0;
  /** What Patroni said last. */
  #known: string | null = null;
  #expected = new ExpectedAdverts();
  #silence: Timer | null = null;
  /** When this process started, on the machine's clock. */
  startedAtMs = -Infinity;

  constructor(machine: Machine, random: Random, settings: GroupSettings, step: StepFunction, ports: AgentPorts) {
    this.#machine = machine;
    this.#random = random;
    this.#settings = settings;
    this.#step = step;
    this.#ports = ports;
    this.loop = new Process(machine, random);
    this.thread = new NetworkThread(machine, random, settings.timing.advertIntervalMs, {
      ...ports,
      tookOver: (holding, outcome) => this.#toLoop(() => this.#tookOver(holding, outcome)),
      leaseEnded: (holding) => this.#toLoop(() => this.#leaseEnded(holding)),
      removalFailed: () => this.#tell({ kind: "removalFailed", text: "RTM_DELADDR: EPERM" }),
    });
  }

  get state(): GroupState {
    return this.#state;
  }

  get running(): boolean {
    return this.loop.running && this.thread.process.running;
  }

  // ── life ────────────────────────────────────────────────────────────────────────────────────────────────────────────

  start(): void {
    if (this.loop.alive || !this.#machine.powered) return;
    this.loop.start();
    this.thread.start();
    this.startedAtMs = this.#machine.nowMs();
    this.#state = initialState();
    this.#queue = [];
    this.#draining = false;
    this.#placed = false;
    this.#listens = false;
    this.#holding = null;
    this.#known = null;
    this.#expected = new ExpectedAdverts();
    this.loop.after(this.#random.between(1, 20), () => {
      if (this.#ports.hasLink()) this.#place();
      else this.#dispatch({ kind: "interfaceLost", reason: "eth0 has no carrier" });
      this.#learnDcsSettings();
    });
  }

  /** SIGKILL. */
  kill(): void {
    this.loop.kill();
    this.thread.process.kill();
  }

  /** SIGSTOP. */
  freeze(): void {
    this.loop.freeze();
    this.thread.process.freeze();
  }

  /** SIGCONT: either thread may be the first to run. */
  thaw(): void {
    const threads = [this.loop, this.thread.process];
    if (this.#random.chance(0.5)) threads.reverse();
    for (const thread of threads) thread.thaw();
  }

  /** SIGTERM. */
  stop(policy: "release" | "keep"): void {
    this.loop.post(() => {
      this.#dispatch({ kind: "stopRequested", policy });
      this.loop.after(LEAVING_MS, () => this.kill());
    });
  }

  // ── what the network thread tells ───────────────────────────────────────────────────────────────────────────────────

  hearAdvert(from: string, priority: number, vip: string): void {
    this.thread.process.post(() => {
      if (!this.#listens) return;
      if (!this.#expected.hears(from, `${String(priority)} ${vip}`, this.#machine.nowMs())) return;
      const { advertIntervalMs } = this.#settings.timing;
      this.#tell({
        kind: "advertReceived",
        from,
        winsTies: false,
        priority,
        intervalMs: advertIntervalMs,
        vips: [vip],
      });
    });
  }

  /** One timer for whoever is silent first; adverts that wait in the thread's backlog come before it, or after. */
  #watchSilence(): void {
    this.#silence?.cancel();
    const { dueMs } = this.#expected;
    if (dueMs === Infinity) return;
    this.#silence = this.thread.process.at(dueMs, () => {
      // A machine's clock is rounded: it may still show a hair less than what it was waited for.
      const nowMs = Math.max(dueMs, this.#machine.nowMs());
      for (const from of this.#expected.ceased(nowMs)) this.#tell({ kind: "advertsCeased", from });
      this.#watchSilence();
    });
  }

  hearAnnouncement(mac: string): void {
    this.thread.process.post(() => {
      if (this.#listens) this.#tell({ kind: "vipAnnounced", vip: VIP, mac });
    });
  }

  addressGone(how: AddressEnd): void {
    const atMs = this.#machine.nowMs();
    if (how !== "deleted") this.thread.process.post(() => this.#tell({ kind: "addressGone", vip: VIP, atMs }));
  }

  addressAppeared(): void {
    this.thread.process.post(() => this.#tell({ kind: "addressAppeared", vip: VIP }));
  }

  linkChanged(up: boolean): void {
    this.thread.process.post(() =>
      this.#toLoop(() => {
        if (up && !this.#placed) this.#place();
        else if (!up) this.#dispatch({ kind: "interfaceLost", reason: "eth0 has no carrier" });
        if (!up) this.#placed = false;
      }),
    );
  }

  /** CLOCK_BOOTTIME ran ahead: seen at the thread's next look. */
  slept(forMs: number): void {
    this.#machine.after(this.#random.between(0, 50), () =>
      this.thread.process.post(() => this.#tell({ kind: "suspended", forMs })),
    );
  }

  notify(): void {
    this.loop.post(() => this.#dispatch({ kind: "notified" }));
  }

  #tell(event: GroupEvent): void {
    this.#toLoop(() => this.#dispatch(event));
  }

  #toLoop(run: () => void): void {
    this.#machine.after(EVENT_MS, this.loop.awaits(run));
  }

  #place(): void {
    this.#placed = true;
    this.#dispatch({ kind: "interfaceReady", present: this.#ports.kernel.hasVip });
  }

  #tookOver(holding: number, outcome: Parameters<ThreadPorts["tookOver"]>[1]): void {
    if (this.#holding !== holding) return;
    if (outcome === "refused") {
      this.#holding = null;
      this.#dispatch({ kind: "takeOverFailed", errno: "EPERM", text: "RTM_NEWADDR: EPERM" });
    } else {
      this.#dispatch({ kind: "tookOver", times: outcome });
    }
  }

  #leaseEnded(holding: number): void {
    if (this.#holding !== holding) return;
    this.#holding = null;
    this.#dispatch({ kind: "leaseEnded" });
  }

  // ── the core ────────────────────────────────────────────────────────────────────────────────────────────────────────

  #dispatch(event: GroupEvent): void {
    this.#queue.push(event);
    if (this.#draining) return;
    this.#draining = true;
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) this.#stepOnce(next);
    this.#draining = false;
    this.#arm();
  }

  #stepOnce(event: GroupEvent): void {
    const before = this.#state;
    const { state, effects } = this.#step(this.#settings, before, event, this.#machine.nowMs());
    this.#state = state;
    if (state.phase.kind !== "standby") this.#expected.heed();
    this.#ports.stepped(before, event, state, effects);
    for (const effect of effects) this.#carryOut(effect);
  }

  #arm(): void {
    this.#tick?.cancel();
    const deadlineMs = nextDeadlineMs(this.#settings, this.#state, this.#machine.nowMs());
    if (deadlineMs === Infinity) return;
    this.#tick = this.loop.at(deadlineMs + this.#random.between(0, 1), () => this.#dispatch({ kind: "tick" }));
  }

  #carryOut(effect: Effect): void {
    const holding = this.#holding;
    switch (effect.kind) {
      case "ask":
        this.#ask(effect.question, effect.timeoutMs);
        return;
      case "askPatiently":
        this.#askPatiently(effect.question, effect.patience, effect.timeoutMs);
        return;
      case "expectAdverts": {
        const { from, silenceMs, untilMs } = effect;
        this.#expected.expect(from, silenceMs, untilMs, this.#machine.nowMs());
        this.#watchSilence();
        return;
      }
      case "readCluster":
        this.#readCluster();
        return;
      case "takeOver":
        this.#takeOver(effect.priority, effect.announce, effect.leases);
        return;
      case "renew":
        if (holding !== null) this.thread.execute({ kind: "renew", holding, leases: effect.leases });
        return;
      case "advertise":
        if (holding !== null) this.thread.execute({ kind: "advertise", holding, priority: effect.priority });
        return;
      case "announce":
        if (holding !== null) this.thread.execute({ kind: "announce", holding });
        return;
      case "release":
      case "abandon":
        this.#holding = null;
        if (holding !== null) this.thread.execute({ kind: effect.kind, holding });
        return;
      case "probe":
      // The simulation's Patroni tells the end of a recovery itself.
      case "watchRecovery":
        return;
      case "removeLeftover":
        if (this.#placed) this.thread.execute({ kind: "removeAddresses" });
        return;
      case "report":
        return;
      default:
        unreachable(effect);
    }
  }

  #takeOver(priority: number, announce: boolean, leases: Leases): void {
    this.#lastHolding += 1;
    this.#holding ??= this.#lastHolding;
    this.thread.execute({ kind: "takeOver", holding: this.#holding, priority, announce, leases });
  }

  // ── Patroni ─────────────────────────────────────────────────────────────────────────────────────────────────────────

  #ask(question: number, timeoutMs: number): void {
    const sentAtMs = this.#machine.nowMs();
    this.#exchange(this.loop, timeoutMs, (answer) => this.#settle(question, sentAtMs, answer));
  }

  /** By the network thread, which does not wake the event loop up while Patroni says the same. */
  #askPatiently(question: number, patience: Patience, timeoutMs: number): void {
    const { process } = this.thread;
    const known = this.#known;
    const begin = (atMs: number): void => {
      process.at(atMs, () => {
        const sentAtMs = this.#machine.nowMs();
        this.#exchange(process, timeoutMs, (answer) => {
          const nextMs = Math.max(this.#machine.nowMs(), sentAtMs + patience.everyMs);
          const isNews = answer === null || gist(answer) !== known || nextMs > patience.untilMs;
          if (isNews) this.#toLoop(() => this.#settle(question, sentAtMs, answer));
          else begin(nextMs);
        });
      });
    };
    begin(patience.firstAtMs);
  }

  /** The first of answer and deadline counts; `null` is the deadline. */
  #exchange(by: Process, timeoutMs: number, settle: (answer: Answered | null) => void): void {
    let settled = false;
    const once = (answer: Answered | null): void => {
      if (!settled) settle(answer);
      settled = true;
    };
    by.after(timeoutMs, () => once(null));
    this.#machine.after(this.#random.between(0.2, 2), () => {
      const answer = this.#ports.patroni.answer();
      if (answer.kind === "hangs") return;
      const { restDelayMs } = this.#ports.patroni;
      const backMs = this.#random.between(0.2, 2) + this.#random.between(restDelayMs / 2, restDelayMs);
      this.#machine.after(
        backMs,
        by.awaits(() => once(answer)),
      );
    });
  }

  #settle(question: number, sentAtMs: number, answer: Answered | null): void {
    this.#known = answer === null ? null : gist(answer);
    const observation = answer === null ? this.#unknown("timeout") : this.#observe(answer);
    if (observation.kind === "answered") this.#listens = true;
    this.#dispatch({ kind: "patroniAnswered", question, sentAtMs, answeredAtMs: this.#machine.nowMs(), observation });
  }

  /** The first of answer and deadline counts. */
  #readCluster(): void {
    const sentAtMs = this.#machine.nowMs();
    const { name: own } = this.#machine;
    let settled = false;
    const settle = (members: readonly Member[] | null): void => {
      if (settled) return;
      settled = true;
      this.#dispatch({ kind: "clusterRead", reading: { sentAtMs, members, own } });
    };
    this.loop.after(CLUSTER_TIMEOUT_MS, () => settle(null));
    this.#ports.patroni.readCluster((owner) => this.#toLoop(() => settle(owner === null ? [] : [leader(owner)])));
  }

  #observe(answer: Answered): Observation {
    switch (answer.kind) {
      case "refused":
        return this.#unknown("refused");
      case "garbage":
        return this.#unknown("malformed");
      case "status": {
        const { hasRole, status, seenAtTrueMs } = answer;
        return {
          kind: "answered",
          hasRole,
          status,
          dcsSeenAtMs: this.#dcsSeenAtMs(status.dcsLastSeenSeconds, seenAtTrueMs),
        };
      }
      default:
        return unreachable(answer);
    }
  }

  /** `dcs_last_seen` on the monotonic clock; `null` when the wall clock was stepped since, for then its age is unknown. */
  #dcsSeenAtMs(seenWallSeconds: number | null, seenAtTrueMs: number): number | null {
    if (seenWallSeconds === null || seenWallSeconds === 0) return null;
    const ageMs = this.#machine.wallMs() - seenWallSeconds * 1_000;
    if (ageMs < 0 || this.#machine.wallSteppedAtMs >= seenAtTrueMs) return null;
    return this.#machine.nowMs() - ageMs;
  }

  #unknown(reason: UnknownReason): Observation {
    return { kind: "unknown", reason, detail: "127.0.0.1:8008", port: this.#ports.postgres.port };
  }

  #learnDcsSettings(): void {
    const answer = this.#ports.patroni.answer();
    if (answer.kind === "status") {
      const { ttlMs, loopWaitMs, retryTimeoutMs, failsafeMode } = this.#ports.patroni.settings;
      this.loop.after(this.#random.between(1, 5), () =>
        this.#dispatch({ kind: "dcsSettingsLearned", dcs: { ttlMs, loopWaitMs, retryTimeoutMs, failsafeMode } }),
      );
    } else {
      this.loop.after(CONFIG_RETRY_MS, () => this.#learnDcsSettings());
    }
  }
}

/** What an agent can see of an answer. */
function gist(answer: Answered): string {
  return JSON.stringify(answer.kind === "status" ? { ...answer, seenAtTrueMs: null } : answer);
}

function leader(name: string): Member {
  const untold = { host: null, port: null, apiUrl: null, lagBytes: null };
  return { name, role: "leader", state: "running", timeline: 1, ...untold };
}
