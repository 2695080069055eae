/**
 * Runs one group: queues its events, steps the core, carries out the effects in order, and keeps one timer for the next
 * deadline. It decides nothing; it knows how to ask Patroni and the network, and what they need to know.
 */
import { unreachable } from "../assert.js";
import { initialState, nextDeadlineMs, step } from "../core/group.js";
import type { ClusterReading, Effect, GroupEvent, GroupSettings, GroupState, Leases, Report } from "../core/types.js";
import type { Clock } from "../ports/clock.js";
import type { Holding, OrderFailure } from "../ports/network.js";
import type { Patroni } from "../ports/patroni.js";
import type { Family } from "../wire/addresses.js";
import { type Priority, type Vrid, priority } from "../wire/units.js";
import type { Refusal } from "./advert-checks.js";
import type { Orders } from "./orders.js";
import { type Placement, type Speech, homeOf, planAddresses, planAdverts, planHolding, planProbes } from "./plans.js";
import { Questions } from "./questions.js";

export interface GroupSetup {
  readonly name: string;
  readonly settings: GroupSettings;
  readonly speech: Speech;
  /** `GET` path whose 200 says that this node has the role. */
  readonly path: string;
}

export interface GroupPorts {
  readonly clock: Clock;
  readonly patroni: Patroni;
  readonly orders: Orders;
  /**
   * Resolves with true when PostgreSQL ends the recovery it is in now, and with false when that takes too long to wait for;
   * `null` when it is in none, or nobody can tell.
   */
  readonly recoveryEnds: () => Promise<boolean> | null;
  /** `GET /cluster`, in which this node is the member that Patroni calls by this name, where it tells one. Never rejects. */
  readonly readCluster: (statedName: string | null) => Promise<ClusterReading>;
  /** Called for each report, in order, with the state after the step that made it. */
  readonly report: (report: Report, state: GroupState) => void;
  /** The virtual router ID is needed before the first advert; asked when Patroni's first answer has come. */
  readonly routerId: (scope: string | null) => Vrid;
  /** The router ID has become known: listen for it. */
  readonly listen: (runner: GroupRunner) => void;
  /** Adverts of this source that say the same again need not be told until then, unless none comes for `silenceMs`. */
  readonly expect: (runner: GroupRunner, from: string, silenceMs: number, untilMs: number) => void;
}

/** Events waiting at most; the queue is drained after every event, so more means a bug. */
const MAX_QUEUE = 1_000;

let lastHolding = 0;

export class GroupRunner {
  readonly #ports: GroupPorts;
  readonly #queue: GroupEvent[] = [];
  readonly #questions: Questions;
  #setup: GroupSetup;
  #speech: Speech;
  #state: GroupState = initialState();
  #placement: Placement | null = null;
  #routerId: Vrid | null = null;
  #holding: number | null = null;
  #cancelTimer: () => void = () => undefined;
  #draining = false;
  /** Orders to let go that are still under way: the agent waits for them before it ends. */
  readonly #leaving = new Set<Promise<unknown>>();

  constructor(setup: GroupSetup, ports: GroupPorts) {
    this.#setup = setup;
    this.#speech = setup.speech;
    this.#ports = ports;
    this.#questions = new Questions(ports.patroni, {
      path: () => this.#setup.path,
      answered: (question, { sentAtMs, answeredAtMs, observation }) => {
        this.dispatch({ kind: "patroniAnswered", question, sentAtMs, answeredAtMs, observation });
      },
    });
  }

  get setup(): GroupSetup {
    return this.#setup;
  }

  get state(): GroupState {
    return this.#state;
  }

  get speech(): Speech {
    return this.#speech;
  }

  get placement(): Placement | null {
    return this.#placement;
  }

  get routerId(): Vrid | null {
    return this.#routerId;
  }

  /** The number that the network knows the current holding by; `null` when this node does not have the VIP. */
  get holding(): number | null {
    return this.#holding;
  }

  /** The interface is there (or has changed), or is lost. */
  place(placement: Placement, present: boolean): void {
    const before = this.#placement;
    this.#placement = placement;
    if (before === null || !isSameHome(before, placement)) {
      if (before !== null) this.dispatch({ kind: "interfaceLost", reason: `moved to ${placement.name}` });
      this.#placement = placement;
      this.dispatch({ kind: "interfaceReady", present });
    } else if (before.mac !== placement.mac || !sameSources(before, placement)) {
      this.dispatch({ kind: "interfaceChanged" });
    }
  }

  /** The unicast peers have changed: a holder speaks to the new ones from its next advert on. */
  setPeers(peers: readonly string[]): void {
    this.#speech = { ...this.#speech, peers };
    this.dispatch({ kind: "interfaceChanged" });
  }

  /** Other settings for the same VIPs, or for more or fewer: what is held stays held. `null`: as before. */
  reconfigure(setup: GroupSetup, routerId: Vrid | null): void {
    const before = JSON.stringify(this.#spoken());
    const gone = this.#speech.vips.filter(({ address }) => !setup.settings.vips.includes(address));
    this.#setup = setup;
    this.#speech = setup.speech;
    if (this.#routerId !== null) this.#routerId = routerId ?? this.#routerId;
    const speaksOtherwise = before !== JSON.stringify(this.#spoken());
    // A tick at least, because the deadlines may be others now.
    this.dispatch({ kind: speaksOtherwise ? "reconfigured" : "tick" });
    this.#removeAddresses({ ...setup.speech, vips: gone });
    this.#ports.listen(this);
  }

  /** Resolves when the network has let go of all that it was told to let go of. */
  async left(): Promise<void> {
    await Promise.all(this.#leaving);
  }

  /** All that a holding is made of, except where it is. */
  #spoken() {
    return { speech: this.#speech, routerId: this.#routerId, priority: this.#setup.settings.priority };
  }

  /** Somebody speaks on our router ID in a way that we may not listen to: a person should know, or both think to be alone. */
  refuse({ reason, text }: Refusal): void {
    this.dispatch({ kind: "advertRefused", text: `${text}: its adverts are dropped (${reason})` });
  }

  displace(reason: string): void {
    if (this.#placement === null && this.#state.phase.kind === "fault") return;
    this.dispatch({ kind: "interfaceLost", reason });
    this.#placement = null;
  }

  dispatch(event: GroupEvent): void {
    if (this.#queue.length >= MAX_QUEUE) throw new Error("the event queue of a group is full");
    this.#queue.push(event);
    if (!this.#draining) this.#drain();
  }

  /** Stops for good; resolves when the network has let go (or was told to keep the addresses). */
  async stop(policy: "release" | "keep"): Promise<void> {
    this.dispatch({ kind: "stopRequested", policy });
    this.#cancelTimer();
    await this.left();
  }

  #drain(): void {
    this.#draining = true;
    try {
      for (let event = this.#queue.shift(); event !== undefined; event = this.#queue.shift()) this.#step(event);
    } finally {
      this.#draining = false;
    }
    this.#arm();
  }

  #step(event: GroupEvent): void {
    if (event.kind === "patroniAnswered" && event.observation.kind === "answered") {
      this.#learnRouterId(event.observation.status.scope);
    }
    const before = this.#state.phase.kind;
    const { state, effects } = step(this.#setup.settings, this.#state, event, this.#ports.clock.nowMs());
    this.#state = state;
    // To write a line of the log takes longer than to take over: what happens goes before what is told of it.
    const isTold = ({ kind }: Effect): boolean => kind === "report";
    for (const effect of effects) if (!isTold(effect)) this.#carryOut(effect);
    if (before === "standby" && state.phase.kind !== "standby") this.#heed();
    for (const effect of effects) if (isTold(effect)) this.#carryOut(effect);
  }

  #arm(): void {
    this.#cancelTimer();
    const { clock } = this.#ports;
    const deadlineMs = nextDeadlineMs(this.#setup.settings, this.#state, clock.nowMs());
    if (deadlineMs === Infinity) return;
    this.#cancelTimer = clock.at(deadlineMs, () => {
      this.dispatch({ kind: "tick" });
    });
  }

  #learnRouterId(scope: string | null): void {
    if (this.#routerId !== null) return;
    this.#routerId = this.#ports.routerId(scope);
    this.#ports.listen(this);
  }

  // ── effects ─────────────────────────────────────────────────────────────────────────────────────────────────────────

  #carryOut(effect: Effect): void {
    switch (effect.kind) {
      case "ask":
        void this.#questions.ask(effect);
        return;
      case "askPatiently":
        void this.#questions.askPatiently(effect);
        return;
      case "expectAdverts":
        this.#ports.expect(this, effect.from, effect.silenceMs, effect.untilMs);
        return;
      case "readCluster":
        void this.#readCluster();
        return;
      case "watchRecovery":
        void this.#watchRecovery();
        return;
      case "takeOver":
        void this.#takeOver(priority(effect.priority), effect.announce, effect.leases);
        return;
      case "renew":
        if (this.#holding !== null) {
          void this.#ports.orders.give({ kind: "renew", holding: this.#holding, ...effect.leases });
        }
        return;
      case "advertise":
        this.#advertise(priority(effect.priority));
        return;
      case "announce":
        if (this.#holding !== null) void this.#ports.orders.give({ kind: "announce", holding: this.#holding });
        return;
      case "release":
        this.#end("release");
        return;
      case "abandon":
        this.#end("abandon");
        return;
      case "probe":
        this.#probe();
        return;
      case "removeLeftover":
        this.#removeAddresses(this.#speech);
        return;
      case "report":
        this.#ports.report(effect.report, this.#state);
        return;
      default:
        unreachable(effect);
    }
  }

  /** Only a standby may miss an advert that says the same again. */
  #heed(): void {
    if (this.#placement === null || this.#routerId === null) return;
    const { ifIndex } = this.#placement;
    void this.#ports.orders.give({ kind: "heedAdverts", ifIndex, routerId: this.#routerId });
  }

  async #readCluster(): Promise<void> {
    const { view } = this.#state;
    const statedName = view?.observation.kind === "answered" ? view.observation.status.name : null;
    this.dispatch({ kind: "clusterRead", reading: await this.#ports.readCluster(statedName) });
  }

  async #watchRecovery(): Promise<void> {
    const ended = this.#ports.recoveryEnds();
    if (ended === null) return;
    this.dispatch({ kind: "recoveryWatched" });
    this.#rehearse();
    if (await ended) this.dispatch({ kind: "recoveryEnded" });
  }

  /**
   * The code of a take-over is compiled when it first runs, and thrown away when it has not run for long: up to 20 ms that
   * are to spare while PostgreSQL is still being promoted. A step of the core changes nothing by itself.
   */
  #rehearse(): void {
    const { settings } = this.#setup;
    const { effects } = step(settings, this.#state, { kind: "recoveryEnded" }, this.#ports.clock.nowMs());
    for (const effect of effects) {
      if (effect.kind === "takeOver") this.#plan(lastHolding, priority(effect.priority), effect.leases);
    }
  }

  /** `null` while it is not known where, or under which router ID. */
  #plan(number: number, ownPriority: Priority, leases: Leases): Holding | null {
    if (this.#placement === null || this.#routerId === null) return null;
    return planHolding(this.#speech, this.#placement, this.#routerId, number, ownPriority, leases);
  }

  async #takeOver(ownPriority: Priority, announce: boolean, leases: Leases): Promise<void> {
    const number = this.#holding ?? lastHolding + 1;
    const holding = this.#plan(number, ownPriority, leases);
    if (holding === null) {
      this.dispatch({ kind: "takeOverFailed", errno: "ENODEV", text: "the interface is gone" });
      return;
    }
    lastHolding = Math.max(lastHolding, number);
    this.#holding = number;
    const { failure, times } = await this.#ports.orders.give({ kind: "takeOver", holding, announce });
    // Released meanwhile: the outcome is of no interest to anybody.
    if (this.#holding !== number) return;
    if (failure !== null) {
      this.#holding = null;
      this.dispatch({ kind: "takeOverFailed", errno: failure.errno, text: failureText(failure) });
    } else if (times !== null) {
      this.dispatch({ kind: "tookOver", times });
    }
  }

  #advertise(ownPriority: Priority): void {
    if (this.#holding === null || this.#placement === null || this.#routerId === null) return;
    const adverts = planAdverts(this.#speech, this.#placement, this.#routerId, ownPriority);
    void this.#ports.orders.give({ kind: "advertise", holding: this.#holding, adverts });
  }

  #end(how: "release" | "abandon"): void {
    const holding = this.#holding;
    this.#holding = null;
    if (holding === null) return;
    this.#leave(
      how === "release"
        ? this.#ports.orders
            .give({ kind: "release", holding, resign: true })
            .then(({ failure }) => this.#removed(failure))
        : this.#ports.orders.give({ kind: "abandon", holding }),
    );
  }

  #probe(): void {
    if (this.#placement === null) return;
    const { ifIndex } = this.#placement;
    void this.#ports.orders.give({ kind: "sendFrames", ifIndex, frames: planProbes(this.#speech, this.#placement) });
  }

  #removeAddresses(speech: Speech): void {
    const placement = this.#placement;
    if (placement === null) return;
    const { destroySockets } = speech;
    const planned = planAddresses(speech);
    const indexOf = ({ family }: { readonly family: Family }) => homeOf(placement, family).ifIndex;
    for (const ifIndex of new Set(planned.map(indexOf))) {
      const addresses = planned.filter((one) => indexOf(one) === ifIndex);
      const outcome = this.#ports.orders.give({ kind: "removeAddresses", ifIndex, addresses, destroySockets });
      this.#leave(outcome.then(({ failure }) => this.#removed(failure)));
    }
  }

  /** A session that lives on, or a resignation that nobody heard, is no reason to try again: an address that stays is. */
  #removed(failure: OrderFailure | null): void {
    if (failure?.call === "RTM_DELADDR") this.dispatch({ kind: "removalFailed", text: failureText(failure) });
  }

  #leave(outcome: Promise<unknown>): void {
    this.#leaving.add(outcome);
    void outcome.then(() => this.#leaving.delete(outcome));
  }

  /** The network released by itself. An event about an earlier holding is old news. */
  leaseEnded(holding: number, failure: OrderFailure | null): void {
    if (this.#holding !== holding) return;
    this.#holding = null;
    this.dispatch({ kind: "leaseEnded" });
    this.#removed(failure);
  }
}

export function failureText({ call, errno, detail }: OrderFailure): string {
  return detail === "" ? `${call}: ${errno}` : `${call}: ${errno} (${detail})`;
}

/** On the same interface, and on the same ones for VIPs. */
function isSameHome(before: Placement, after: Placement): boolean {
  const indexes = ({ ifIndex, virtual }: Placement) =>
    [ifIndex, virtual?.ipv4?.ifIndex, virtual?.ipv6?.ifIndex].join(" ");
  return indexes(before) === indexes(after);
}

function sameSources({ sources: a }: Placement, { sources: b }: Placement): boolean {
  return a.ipv4 === b.ipv4 && a.ipv6 === b.ipv6 && a.ipv6Global === b.ipv6Global;
}
