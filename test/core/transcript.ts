/**
 * Plays a scenario against one real group on virtual time and writes down what happens.
 *
 * A scenario is a text file. Lines that start with `> ` are inputs; the lines below each are what the group did, which the
 * test compares. Patroni is played by one standing answer, given by `> patroni ...`, that each question gets 2 ms after it
 * was asked; questions themselves are not written down. The network carries out each take-over in 0.2 ms, and asks again
 * where the core is patient.
 */
import { initialState, nextDeadlineMs, step } from "../../src/core/group.js";
import { checkInvariants } from "../../src/core/invariants.js";
import type { Answered, Member, Observation, PortState, UnknownReason } from "../../src/core/observation.js";
import type {
  Effect,
  ElectionSettings,
  GroupEvent,
  GroupSettings,
  GroupState,
  Maintenance,
  Patience,
  Report,
  TakeOn,
} from "../../src/core/types.js";
import { ExpectedAdverts } from "./expected-adverts.js";
import { compareAddresses } from "../../src/wire/addresses.js";
import type { PatroniRole, PatroniState, PatroniStatus } from "../../src/wire/patroni.js";

export const defaultSettings: GroupSettings = {
  vips: ["10.0.0.100"],
  priority: 254,
  takeOn: "auto",
  hearsEach: false,
  election: null,
  timing: {
    advertIntervalMs: 100,
    skewUnitMs: null,
    pollMs: 100,
    turboMs: 10,
    lockPollMs: 5,
    answerTimeoutMs: 300,
    leaseMs: 1_000,
    holdTimeoutMs: 5_000,
    silenceTimeoutMs: 15_000,
    startupGraceMs: 3_000,
    promoteGraceMs: 1_000,
  },
};

/** Where the wall clock starts, in whole seconds. */
const WALL_EPOCH_MS = 1_700_000_000_000;
/** Breaks ties in elections. */
const OWN_ADDRESS = "10.0.0.5";
const OWN_NAME = "pg1";
const ANSWER_AFTER_MS = 2;
const TAKE_OVER_MS = 0.2;

interface Due {
  readonly atMs: number;
  readonly run: () => void;
}

/** What Patroni answers to every question from now on. */
type Standing = (askedAtMs: number) => Observation;

export class Scenario {
  #settings = defaultSettings;
  #state: GroupState = initialState();
  #nowMs = 0;
  #due: Due[] = [];
  #standing: Standing = () => unknown("refused", "refuses");
  /** What the last answer said. */
  #known = "";
  readonly #expected = new ExpectedAdverts();
  #answerAfterMs = ANSWER_AFTER_MS;
  #refusal: string | null = null;
  /** What `/cluster` answers; this node is pg1. */
  #members: readonly Member[] | null = null;
  #dcs: DcsLook = seenAgo(5_000);
  #lines: string[] = [];

  /** Carries out one input line (without its `> `) and returns what was seen. */
  play(input: string): readonly string[] {
    this.#lines = [];
    const [verb = "", ...words] = input.trim().split(/\s+/);
    this.#input(verb, words);
    return this.#lines;
  }

  #input(verb: string, words: readonly string[]): void {
    const event = eventOf(verb, words, this.#nowMs);
    if (event !== null) {
      const says = JSON.stringify(event);
      if (event.kind === "advertReceived" && !this.#expected.hears(event.from, says, this.#nowMs)) return;
      this.#step(event);
      return;
    }
    switch (verb) {
      case "wait":
        this.#runUntil(this.#nowMs + duration(words[0]));
        return;
      case "patroni":
        this.#standing = standingOf(words, (askedAtMs) => this.#dcs(askedAtMs));
        return;
      case "answers-after":
        this.#answerAfterMs = duration(words[0]);
        return;
      case "dcs-age":
        this.#dcs = seenAgo(duration(words[0]));
        return;
      case "dcs-unseen":
        this.#dcs = () => ({ dcsLastSeenSeconds: 0, dcsSeenAtMs: null });
        return;
      case "dcs-lost-and-clock-set-back":
        this.#dcs = seenByAnotherClock(this.#nowMs);
        return;
      case "priority":
        this.#settings = { ...this.#settings, priority: Number(words[0]) };
        this.#step({ kind: "reconfigured" });
        return;
      case "take-on":
        this.#settings = { ...this.#settings, takeOn: takeOn(words[0]) };
        return;
      case "elect":
        this.#settings = { ...this.#settings, priority: Number(words[0]), election: election(words) };
        return;
      case "cluster":
        this.#members = words[0] === "silent" ? null : words.map(memberOf);
        return;
      case "vips":
        this.#settings = { ...this.#settings, vips: (words[0] ?? "").split(",") };
        return;
      case "vrrp-2":
        this.#settings = { ...this.#settings, timing: vrrp2(duration(words[0])) };
        return;
      case "refuse":
        this.#refusal = words[0] ?? null;
        return;
      case "accept":
        this.#refusal = null;
        return;
      default:
        throw new Error(`no such input: ${verb}`);
    }
  }

  #runUntil(untilMs: number): void {
    for (;;) {
      const tickMs = nextDeadlineMs(this.#settings, this.#state, this.#nowMs);
      const next = this.#due[0];
      const { dueMs } = this.#expected;
      if (dueMs <= Math.min(untilMs, tickMs, next?.atMs ?? Infinity)) {
        this.#nowMs = dueMs;
        for (const from of this.#expected.ceased(dueMs)) this.#step({ kind: "advertsCeased", from });
      } else if (next !== undefined && next.atMs <= tickMs && next.atMs <= untilMs) {
        this.#due.shift();
        this.#nowMs = next.atMs;
        next.run();
      } else if (tickMs <= untilMs) {
        this.#nowMs = Math.max(this.#nowMs, tickMs);
        this.#step({ kind: "tick" });
      } else {
        break;
      }
    }
    this.#nowMs = untilMs;
  }

  #step(event: GroupEvent): void {
    const before = this.#state;
    const { state, effects } = step(this.#settings, before, event, this.#nowMs);
    this.#state = state;
    if (state.phase.kind !== "standby") this.#expected.heed();
    checkInvariants(this.#settings, before, state, effects, this.#nowMs);
    for (const effect of effects) this.#carryOut(effect);
  }

  #carryOut(effect: Effect): void {
    const text = effectText(effect, this.#nowMs);
    if (text !== null) this.#lines.push(`  ${time(this.#nowMs)} ${text}`);
    if (effect.kind === "ask") this.#ask(effect, null);
    if (effect.kind === "expectAdverts") {
      this.#expected.expect(effect.from, effect.silenceMs, effect.untilMs, this.#nowMs);
    }
    if (effect.kind === "askPatiently") {
      const { firstAtMs } = effect.patience;
      this.#schedule(firstAtMs, () => {
        this.#ask(effect, effect.patience);
      });
    }
    if (effect.kind === "readCluster") {
      const own = this.#members?.find(({ name }) => name === OWN_NAME)?.name ?? null;
      const reading = { sentAtMs: this.#nowMs, members: this.#members, own };
      this.#schedule(this.#nowMs + ANSWER_AFTER_MS, () => {
        this.#step({ kind: "clusterRead", reading });
      });
    }
    if ((effect.kind === "release" || effect.kind === "removeLeftover") && this.#refusal !== null) {
      const text = `RTM_DELADDR: ${this.#refusal}`;
      this.#schedule(this.#nowMs + TAKE_OVER_MS, () => {
        this.#step({ kind: "removalFailed", text });
      });
    }
    if (effect.kind === "takeOver") {
      const outcome = this.#takeOverOutcome();
      this.#schedule(this.#nowMs + TAKE_OVER_MS, () => {
        this.#step(outcome);
      });
    }
  }

  #ask(asked: { readonly question: number; readonly timeoutMs: number }, patience: Patience | null): void {
    const sentAtMs = this.#nowMs;
    const observation = this.#standing(sentAtMs);
    const slow = observation.kind === "unknown" && observation.reason === "timeout";
    this.#schedule(sentAtMs + (slow ? asked.timeoutMs : this.#answerAfterMs), () => {
      const nextMs = Math.max(this.#nowMs, sentAtMs + (patience?.everyMs ?? Infinity));
      if (patience !== null && nextMs <= patience.untilMs && gist(observation, sentAtMs) === this.#known) {
        this.#schedule(nextMs, () => {
          this.#ask(asked, patience);
        });
        return;
      }
      this.#known = gist(observation, sentAtMs);
      const { question } = asked;
      this.#step({ kind: "patroniAnswered", question, sentAtMs, answeredAtMs: this.#nowMs, observation });
    });
  }

  #takeOverOutcome(): GroupEvent {
    if (this.#refusal !== null) {
      return { kind: "takeOverFailed", errno: this.#refusal, text: `RTM_NEWADDR: ${this.#refusal}` };
    }
    const atMs = this.#nowMs + TAKE_OVER_MS;
    const times = { startedAtMs: this.#nowMs, addressAtMs: atMs, announcedAtMs: atMs, advertisedAtMs: atMs };
    return { kind: "tookOver", times };
  }

  #schedule(atMs: number, run: () => void): void {
    this.#due = [...this.#due, { atMs, run }].sort((a, b) => a.atMs - b.atMs);
  }
}

/** `elect PRIORITY [no-preempt | after DURATION]` */
function election(words: readonly string[]): ElectionSettings {
  const [, first, second] = words;
  return { preempt: first !== "no-preempt", preemptDelayMs: first === "after" ? duration(second) : 0 };
}

function eventOf(verb: string, words: readonly string[], nowMs: number): GroupEvent | null {
  const [first = "", second = ""] = words;
  switch (verb) {
    case "interface":
      return first === "lost"
        ? { kind: "interfaceLost", reason: "eth0 has no carrier" }
        : { kind: "interfaceReady", present: second === "present" };
    case "advert":
      return {
        kind: "advertReceived",
        from: first,
        winsTies: compareAddresses(first, OWN_ADDRESS) > 0,
        priority: Number(second),
        intervalMs: Number(words[3] ?? 100),
        vips: (words[2] ?? "10.0.0.100").split(","),
      };
    case "refused":
      return { kind: "advertRefused", text: words.join(" ") };
    case "announced":
      return { kind: "vipAnnounced", vip: "10.0.0.100", mac: first };
    case "address":
      return first === "gone"
        ? { kind: "addressGone", vip: "10.0.0.100", atMs: nowMs }
        : { kind: "addressAppeared", vip: "10.0.0.100" };
    case "lease-ended":
      return { kind: "leaseEnded" };
    case "suspended":
      return { kind: "suspended", forMs: duration(first) };
    case "recovery":
      return { kind: first === "watched" ? "recoveryWatched" : "recoveryEnded" };
    case "notify":
      return { kind: "notified" };
    case "pause":
    case "release":
      return { kind: "maintenanceOrdered", maintenance: maintenanceOf(verb, first, nowMs) };
    case "resume":
      return { kind: "maintenanceOrdered", maintenance: { kind: "none" } };
    case "stop":
      return { kind: "stopRequested", policy: first === "keep" ? "keep" : "release" };
    case "dcs":
      return {
        kind: "dcsSettingsLearned",
        dcs: { ttlMs: duration(first), loopWaitMs: duration(second), retryTimeoutMs: 10_000, failsafeMode: false },
      };
    default:
      return null;
  }
}

/** When Patroni, asked at that instant, has last seen its DCS. */
type DcsLook = (askedAtMs: number) => Pick<Answered, "dcsSeenAtMs"> & Pick<PatroniStatus, "dcsLastSeenSeconds">;

export function seenAgo(ageMs: number): DcsLook {
  return (askedAtMs) => ({ dcsLastSeenSeconds: wallSeconds(askedAtMs - ageMs), dcsSeenAtMs: askedAtMs - ageMs });
}

/** For the last time at that instant, which lies in the future by the wall clock. */
function seenByAnotherClock(atMs: number): DcsLook {
  return () => ({ dcsLastSeenSeconds: wallSeconds(atMs), dcsSeenAtMs: null });
}

function wallSeconds(atMs: number): number {
  return Math.floor((WALL_EPOCH_MS + atMs) / 1_000);
}

/** `patroni primary running`, `patroni 503 replica running`, `patroni silent refused refuses`. */
function standingOf(words: readonly string[], dcs: DcsLook): Standing {
  const [first = "", second = "", third = ""] = words;
  if (first === "silent") return () => unknown(second as UnknownReason, third as PortState);
  const hasRole = first === "200";
  return (askedAtMs) => {
    const { dcsLastSeenSeconds, dcsSeenAtMs } = dcs(askedAtMs);
    const said = status(second as PatroniRole, third as PatroniState, words.slice(3));
    return { kind: "answered", hasRole, status: { ...said, dcsLastSeenSeconds }, dcsSeenAtMs };
  };
}

/** With the age of the DCS, which goes on being what it is, instead of the instant. */
function gist(observation: Observation, sentAtMs: number): string {
  if (observation.kind === "unknown") return JSON.stringify(observation);
  const { status, dcsSeenAtMs } = observation;
  const ageMs = Math.round(sentAtMs - (dcsSeenAtMs ?? Infinity));
  return JSON.stringify({ ...observation, status: { ...status, dcsLastSeenSeconds: null }, dcsSeenAtMs: ageMs });
}

/** The timing of VRRPv2, whose Skew_Time is a share of a second. */
export function vrrp2(advertIntervalMs: number): GroupSettings["timing"] {
  return { ...defaultSettings.timing, advertIntervalMs, skewUnitMs: 1_000 };
}

/** `pg2:leader:3`, on timeline 3. */
function memberOf(word: string): Member {
  const [name = "", role = "", timeline] = word.split(":");
  const untold = { state: "running", host: null, port: null, apiUrl: null, lagBytes: null };
  return { name, role, timeline: timeline === undefined ? null : Number(timeline), ...untold };
}

function unknown(reason: UnknownReason, port: PortState): Observation {
  return { kind: "unknown", reason, detail: "127.0.0.1:8008", port };
}

export function status(role: PatroniRole, state: PatroniState, flags: readonly string[] = []): PatroniStatus {
  return {
    role,
    rawRole: role,
    state,
    rawState: state,
    timeline: 1,
    pause: flags.includes("paused"),
    failsafeActive: flags.includes("failsafe"),
    clusterUnlocked: false,
    dcsLastSeenSeconds: 0,
    scope: "demo",
    name: null,
    version: "3.0.2",
    walPosition: null,
    watchdogFailed: false,
  };
}

function effectText(effect: Effect, nowMs: number): string | null {
  switch (effect.kind) {
    case "ask":
    case "askPatiently":
    case "expectAdverts":
    case "renew":
      return null;
    case "takeOver": {
      const { leaseUntilMs, rightUntilMs } = effect.leases;
      const how = effect.announce ? "" : " quietly";
      return `takeOver${how} priority ${String(effect.priority)}, lease ${span(leaseUntilMs - nowMs)}, right ${span(rightUntilMs - nowMs)}`;
    }
    case "advertise":
      return `advertise priority ${String(effect.priority)}`;
    case "report":
      return reportText(effect.report);
    default:
      return effect.kind;
  }
}

function reportText(report: Report): string | null {
  switch (report.kind) {
    case "transition":
      return `${report.from} -> ${report.to} [${report.reason}] ${report.text}`;
    case "notice":
    case "alarm":
      return `${report.kind} [${report.reason}] ${report.text}`;
    case "tookOver":
      return null;
  }
}

/** `pause`, `pause 10s`. */
function maintenanceOf(verb: "pause" | "release", forText: string, nowMs: number): Maintenance {
  const untilMs = forText === "" ? Infinity : nowMs + duration(forText);
  return verb === "pause" ? { kind: "paused", untilMs, pinned: false } : { kind: "released", untilMs };
}

function takeOn(word: string | undefined): TakeOn {
  if (word === "lock" || word === "writable") return word;
  return "auto";
}

function duration(word: string | undefined): number {
  const match = /^(\d+)(ms|s)$/.exec(word ?? "");
  if (match === null) throw new Error(`not a duration: ${String(word)}`);
  return Number(match[1]) * (match[2] === "s" ? 1_000 : 1);
}

function time(ms: number): string {
  return ms.toFixed(1).padStart(8);
}

function span(ms: number): string {
  return `${String(Math.round(ms))} ms`;
}
