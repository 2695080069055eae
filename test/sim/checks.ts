/**
 * What must be true of the whole world, checked after everything that happens. The bounds follow from docs of the lease
 * arithmetic (src/core/deadlines.ts) and from the spans of the default configuration; each says how.
 */
import { checkInvariants } from "../../src/core/invariants.js";
import type { Effect, GroupState } from "../../src/core/types.js";
import type { AddressEnd } from "./kernel.js";
import type { Node } from "./node.js";
import type { World } from "./world.js";

/** An address goes at most this long after its last renewal: `valid_lft` 2 s, and the kernel is up to 1.25 s late. */
const KERNEL_LEASE_MS = 3_250;
/** One poll and one answer that never comes. */
const DETECTION_MS = 400;
/** Slack for drift, for messages under way and for the order of threads. */
const SLACK_MS = 150;

/**
 * (1) A machine that slept longer than this may wake up as a second writable holder: no clock told it that time passed.
 * Then the kernel's lease, which nobody has the right to renew, is the bound.
 */
const COVERED_SLEEP_MS = 500;
/**
 * (1) A Patroni that says "leader" without a lock that proves it (failsafe mode, or a wall clock set back) is believed,
 * and for 3 s after it has fallen silent. No lock outlives that, so another leader may come at any time.
 */
const UNPROVEN_BELIEF_MS = 3_000;

/** (2) After a lame duck's deadline, if the agent dies at that moment: the right that it gave to the network, and the kernel. */
const NETWORK_BELIEF_MS = 2_000 + 1_250;
/** (2) A VIP without right while Patroni says nothing: silence_timeout is the longest that any lame duck may wait. */
const STALE_MS = DETECTION_MS + 15_000 + NETWORK_BELIEF_MS + SLACK_MS;
/** (2) While Patroni answers and PostgreSQL is down: hold_timeout. */
const STALE_DOWN_MS = DETECTION_MS + 5_000 + NETWORK_BELIEF_MS + SLACK_MS;
/** (2) While Patroni answers and PostgreSQL runs: one second. */
const STALE_UP_MS = DETECTION_MS + 1_000 + NETWORK_BELIEF_MS + SLACK_MS;

/**
 * (3) A writable leader in an undisturbed world has the VIP: an address that was refused is tried again after 1 s; then
 * one poll, one answer, and a restarted agent's first look.
 */
const REACHED_MS = 1_000 + 2 * DETECTION_MS + SLACK_MS;

/** What the kernel refused to remove is tried again after 1 s. */
const REMOVED_AGAIN_MS = 1_000 + SLACK_MS;

/** (4) After a hand-over that nothing disturbed: the last of the announcements, one budget window later at the latest. */
const LEARNT_MS = 2_200 + 1_000 + SLACK_MS;
/** (4) After any other: the refresh of announcements, or the client's own doubts (45 s reachable, 8 s probes, 1 s). */
const RELEARNT_MS = 60_000 + SLACK_MS;

/** (5) The core must have had the time to hear Patroni before it counts as confirmed. */
const CONFIRMED_MS = 1_000;
/** (5) A confirmed holder puts an address that somebody deleted back: at most once in 40 ms. */
const RESTORED_MS = 100;
/** (5) A take rests on an answer younger than the lease. */
const ANSWER_AGE_MS = 1_000 + SLACK_MS;

/**
 * (6) Frames within any second, from one process: four announcements of two frames; a take-over is never held back, so two
 * of them may come on top. Below the 15 at which Dynamic ARP Inspection shuts a port down.
 */
const MAX_FRAMES = 2 * (4 + 2);

/**
 * (7) Two holders that can hear each other: the next advert (100 ms), a question that is under way (300 ms), the rate
 * limit of questions (100 ms), the question about the claim (150 ms). Except an agent that has just started and waits for
 * Patroni's first answer, since it does not know its router ID yet, and one whose Patroni leads without proof. Two lame ducks
 * claim nothing of each other: how long they may stay is (2).
 */
const TOGETHER_MS = 650 + SLACK_MS;

/**
 * (8) A holder whose Patroni lies, beside the leader: the last words of a hand-over (1 s), three questions, at most 10 s since
 * `/cluster` was last read in vain, and its answer (2 s).
 */
const LIE_MS = 1_000 + 3 * DETECTION_MS + 10_000 + 2_000 + SLACK_MS;

export class InvariantBroken extends Error {
  override readonly name = "InvariantBroken";
  readonly invariant: string;

  constructor(invariant: string, text: string) {
    super(`${invariant}: ${text}`);
    this.invariant = invariant;
  }
}

/** What is remembered about a node, in milliseconds of its own clock. */
interface Record {
  rightEndedAtMs: number;
  /** Patroni led without proof. */
  unprovenAtMs: number;
  /** Patroni answers since then; and PostgreSQL runs too. */
  toldSinceMs: number;
  toldUpSinceMs: number;
  confirmedSinceMs: number;
  /** Somebody deleted the address of a confirmed leader. */
  deletedAtMs: number;
  /** Until then the agent cannot remove the VIP, since the kernel refuses, or did so until just now. */
  helplessUntilMs: number;
  readonly framesAtMs: number[];
}

export class Checks {
  readonly #world: World;
  readonly #records = new Map<Node, Record>();
  #disturbedAtMs = 0;
  #vipChangedAtMs = 0;
  #togetherSinceMs = Infinity;
  #liarSinceMs = Infinity;

  constructor(world: World) {
    this.#world = world;
    for (const node of world.nodes) {
      this.#records.set(node, {
        rightEndedAtMs: 0,
        unprovenAtMs: -Infinity,
        toldSinceMs: Infinity,
        toldUpSinceMs: Infinity,
        confirmedSinceMs: Infinity,
        deletedAtMs: Infinity,
        helplessUntilMs: -Infinity,
        framesAtMs: [],
      });
    }
  }

  /** The leader serves, has the VIP, and every client knows: nothing is left to wait for. */
  get settled(): boolean {
    const leader = this.#leader();
    if (leader === null || !leader.holds) return false;
    return this.#world.neighbours.every(({ mac }) => mac === leader.name);
  }

  /** Something changed that the agents have to follow. */
  disturbed(): void {
    this.#disturbedAtMs = this.#world.timeline.nowMs;
  }

  /** A fault hit this node: its leader is not "undisturbed" any more. */
  interfered(node: Node): void {
    this.#record(node).confirmedSinceMs = Infinity;
  }

  vipAdded(node: Node): void {
    this.#record(node).deletedAtMs = Infinity;
    this.#vipChangedAtMs = this.#world.timeline.nowMs;
  }

  vipGone(node: Node, how: AddressEnd): void {
    this.#vipChangedAtMs = this.#world.timeline.nowMs;
    const record = this.#record(node);
    const nowMs = node.machine.nowMs();
    const forMs = nowMs - record.confirmedSinceMs;
    if (forMs <= CONFIRMED_MS) return;
    if (how === "deletedBySomebody") record.deletedAtMs = nowMs;
    else
      fail("5 gave up", `${node.name} lost the VIP (${how}) although Patroni confirmed it for ${forMs.toFixed(0)} ms`);
  }

  announced(node: Node): void {
    const { framesAtMs } = this.#record(node);
    const nowMs = node.machine.nowMs();
    framesAtMs.push(nowMs, nowMs);
    while (framesAtMs[0]! <= Math.max(nowMs - 1_000, node.agent.startedAtMs)) framesAtMs.shift();
    if (framesAtMs.length > MAX_FRAMES) {
      fail("6 ARP budget", `${node.name} sent ${String(framesAtMs.length)} frames within a second`);
    }
  }

  stepped(node: Node, before: GroupState, after: GroupState, effects: readonly Effect[]): void {
    const nowMs = node.machine.nowMs();
    try {
      checkInvariants(this.#world.plan.settings, before, after, effects, nowMs);
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      fail("core", `${node.name}: ${error.message}`);
    }
    const takes = effects.some(({ kind }) => kind === "takeOver");
    const { rightEndedAtMs, unprovenAtMs } = this.#record(node);
    const groundsAtMs = Math.max(rightEndedAtMs, unprovenAtMs);
    if (takes && before.phase.kind === "standby" && nowMs - groundsAtMs > ANSWER_AGE_MS) {
      fail("5 took", `${node.name} takes the VIP without the lock`);
    }
  }

  afterEvent(): void {
    for (const node of this.#world.nodes) this.#follow(node);
    this.#oneWritableHolder();
    this.#noneWithoutRight();
    this.#leaderReached();
    this.#clientsFollow();
    this.#notTogether();
    this.#noLiarBesideLeader();
  }

  /** Nobody but this node can be leader: it has the lock, or all members agreed that it leads without a DCS. */
  #hasRight({ name, patroni }: Node): boolean {
    const { owner } = this.#world.dcs;
    return owner === name || (owner === null && patroni.isFailsafeLeader);
  }

  #follow(node: Node): void {
    const { machine, patroni, postgres, agent } = node;
    const record = this.#record(node);
    const nowMs = machine.nowMs();
    if (this.#hasRight(node)) record.rightEndedAtMs = nowMs;
    if (patroni.leadsUnproven) record.unprovenAtMs = nowMs;
    // Whoever is lied to cannot know how long it has had no right.
    if (patroni.rest === "lies") node.blindUntilMs = nowMs;
    const told = patroni.answersAtOnce;
    record.toldSinceMs = told ? Math.min(record.toldSinceMs, nowMs) : Infinity;
    const toldUp = told && postgres.state === "running";
    record.toldUpSinceMs = toldUp ? Math.min(record.toldUpSinceMs, nowMs) : Infinity;
    const confirmed =
      machine.awake &&
      agent.running &&
      patroni.confirmsLeader &&
      postgres.writable &&
      !node.refusesAddresses &&
      this.#world.lan.hasLink(node.name);
    record.confirmedSinceMs = confirmed ? Math.min(record.confirmedSinceMs, nowMs) : Infinity;
    if (!confirmed) record.deletedAtMs = Infinity;
    if (nowMs - record.deletedAtMs > RESTORED_MS) fail("5 not restored", `${node.name} did not put the VIP back`);
    const starts = agent.state.phase.kind === "starting";
    const blind = !agent.running || starts || !this.#world.lan.hasLink(node.name);
    if (blind && node.kernel.isForeign) node.blindUntilMs = nowMs;
    if (node.refusesAddresses) record.helplessUntilMs = nowMs + REMOVED_AGAIN_MS;
  }

  #oneWritableHolder(): void {
    const holders = this.#world.nodes.filter(({ servesWrites }) => servesWrites);
    if (holders.length < 2 || holders.some((node) => this.#isExcused(node))) return;
    fail("1 two writable holders", holders.map(({ name }) => name).join(" and "));
  }

  #isExcused(node: Node): boolean {
    const { machine } = node;
    const nowMs = machine.nowMs();
    const { forMs, endedAtMs } = machine.lastSleep;
    if (forMs > COVERED_SLEEP_MS && nowMs - endedAtMs <= KERNEL_LEASE_MS + SLACK_MS) return true;
    if (nowMs - node.blindUntilMs <= SLACK_MS || this.#hasForeignVip(node)) return true;
    return nowMs - this.#record(node).unprovenAtMs <= UNPROVEN_BELIEF_MS + KERNEL_LEASE_MS && !this.#hasRight(node);
  }

  /** Put there by somebody, and without a lifetime: who cannot remove it has it. */
  #hasForeignVip(node: Node): boolean {
    return node.kernel.isForeign && node.machine.nowMs() <= this.#record(node).helplessUntilMs;
  }

  #noneWithoutRight(): void {
    for (const node of this.#world.nodes) {
      if (!node.holds || this.#hasRight(node) || this.#hasForeignVip(node)) continue;
      const { rightEndedAtMs, toldSinceMs, toldUpSinceMs } = this.#record(node);
      const sinceMs = Math.max(rightEndedAtMs, node.agent.startedAtMs, node.blindUntilMs);
      const nowMs = node.machine.nowMs();
      const stale =
        nowMs - sinceMs > STALE_MS ||
        nowMs - Math.max(sinceMs, toldSinceMs) > STALE_DOWN_MS ||
        nowMs - Math.max(sinceMs, toldUpSinceMs) > STALE_UP_MS;
      if (stale) {
        fail("2 stale holder", `${node.name} has had no right to the VIP for ${(nowMs - sinceMs).toFixed(0)} ms`);
      }
    }
  }

  #leader(): Node | null {
    const { nodes, dcs } = this.#world;
    return (
      nodes.find(({ name, patroni, postgres }) => name === dcs.owner && patroni.confirmsLeader && postgres.writable) ??
      null
    );
  }

  #leaderReached(): void {
    const { timeline, injector, nodes } = this.#world;
    const leader = this.#leader();
    // A leader whose wall clock was set forward does not confirm itself until its next loop.
    if (leader === null) this.disturbed();
    if (leader === null || !injector.quiet || timeline.nowMs - this.#disturbedAtMs <= REACHED_MS) return;
    if (!leader.holds) fail("3 leader without VIP", `${leader.name} is writable, nothing disturbs, but it has no VIP`);
    const second = nodes.find((node) => node !== leader && node.holds);
    if (second !== undefined) fail("3 second holder", `${second.name} has the VIP too, ${leader.name} leads`);
  }

  #clientsFollow(): void {
    const { timeline, injector, neighbours } = this.#world;
    if (!injector.quiet) return;
    const leader = this.#leader();
    if (leader === null) return;
    const sinceMs = Math.max(this.#disturbedAtMs, this.#vipChangedAtMs);
    // What a fault kept from the clients is made good by the next refresh; without one, the announcements do.
    const undisturbed = injector.deafenedAtMs < this.#vipChangedAtMs - STALE_DOWN_MS;
    if (timeline.nowMs - sinceMs <= (undisturbed ? LEARNT_MS : RELEARNT_MS)) return;
    const wrong = neighbours.find(({ mac }) => mac !== leader.name);
    if (wrong !== undefined)
      fail("4 client astray", `${wrong.name} sends to ${String(wrong.mac)}, ${leader.name} leads`);
  }

  #notTogether(): void {
    const { timeline, nodes, lan } = this.#world;
    const holders = nodes.filter(
      (node) =>
        node.holds &&
        node.agent.running &&
        node.agent.state.phase.kind !== "starting" &&
        !node.patroni.leadsUnproven &&
        node.machine.nowMs() > this.#record(node).helplessUntilMs,
    );
    const allDucks = holders.every(({ agent }) => agent.state.phase.kind === "lameDuck");
    if (holders.length < 2 || allDucks || !lan.isClean) {
      this.#togetherSinceMs = Infinity;
      return;
    }
    this.#togetherSinceMs = Math.min(this.#togetherSinceMs, timeline.nowMs);
    const forMs = timeline.nowMs - this.#togetherSinceMs;
    if (forMs > TOGETHER_MS) {
      fail(
        "7 together",
        `${holders.map(({ name }) => name).join(" and ")} have held the VIP for ${forMs.toFixed(0)} ms`,
      );
    }
  }

  #noLiarBesideLeader(): void {
    const { timeline, nodes, lan, dcs } = this.#world;
    const leader = this.#leader();
    // Where the kernel refuses its address, the leader claims nothing, and the liar hears of nobody.
    const claims = leader !== null && leader.holds && !leader.refusesAddresses;
    const liar = nodes.find(
      ({ name, holds, agent, patroni }) =>
        patroni.rest === "lies" &&
        patroni.restDelayMs === 0 &&
        patroni.leadsUnproven &&
        holds &&
        agent.running &&
        agent.state.phase.kind === "holder" &&
        dcs.reachable(name),
    );
    if (liar === undefined || !claims || leader === liar || !lan.isClean) {
      this.#liarSinceMs = Infinity;
      return;
    }
    this.#liarSinceMs = Math.min(this.#liarSinceMs, timeline.nowMs);
    const forMs = timeline.nowMs - this.#liarSinceMs;
    if (forMs > LIE_MS) fail("8 liar", `${liar.name} has kept the VIP on a lie for ${forMs.toFixed(0)} ms`);
  }

  #record(node: Node): Record {
    return this.#records.get(node)!;
  }
}

function fail(invariant: string, text: string): never {
  throw new InvariantBroken(invariant, text);
}
