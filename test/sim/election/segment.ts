/**
 * A segment of virtual time on which real groups elect a holder: it delivers adverts after a delay, in order from one node to
 * another, unless it loses them or the way is cut. Patroni answers each question 2 ms later.
 */
import { initialState, nextDeadlineMs } from "../../../src/core/group.js";
import { checkInvariants } from "../../../src/core/invariants.js";
import { holds } from "../../../src/core/moves.js";
import type {
  Effect,
  ElectionSettings,
  GroupEvent,
  GroupSettings,
  GroupState,
  Patience,
  Timing,
} from "../../../src/core/types.js";
import { compareAddresses } from "../../../src/wire/addresses.js";
import { ExpectedAdverts } from "../../core/expected-adverts.js";
import { defaultSettings, status } from "../../core/transcript.js";
import type { StepFunction } from "../agent.js";

const VIP = "10.0.0.100";
export const ANSWER_AFTER_MS = 2;

interface Due {
  readonly atMs: number;
  readonly run: () => void;
}

export class Segment {
  readonly nodes: Node[] = [];
  nowMs = 0;
  /** Of all adverts; a forger's come all the same. */
  lossShare = 0;
  /** Called after everything that happens. */
  watch: () => void = () => undefined;
  readonly #due: Due[] = [];
  readonly #delaysMs: readonly number[];
  readonly #chances: readonly number[];
  #sent = 0;
  /** An Ethernet segment keeps the order of what one node sends to another. */
  readonly #lastArrivalMs = new Map<string, number>();
  /** Nodes that nobody hears and that hear nobody. */
  readonly #alone = new Set<Node>();

  /** `chances`: numbers from 0 to 1 that decide which adverts are lost. */
  constructor(delaysMs: readonly number[], chances: readonly number[] = [0.5]) {
    this.#delaysMs = delaysMs;
    this.#chances = chances;
  }

  get isWhole(): boolean {
    return this.lossShare === 0 && this.#alone.size === 0;
  }

  cut(node: Node): void {
    this.#alone.add(node);
  }

  heal(): void {
    this.#alone.clear();
    this.lossShare = 0;
  }

  at(atMs: number, run: () => void): void {
    this.#due.push({ atMs, run });
  }

  send(from: Node, priority: number): void {
    for (const node of this.nodes.filter((node) => node !== from)) {
      this.#sent += 1;
      const chance = this.#chances[this.#sent % this.#chances.length] ?? 1;
      if (this.#alone.has(from) || this.#alone.has(node) || chance < this.lossShare) continue;
      const delayMs = this.#delaysMs[this.#sent % this.#delaysMs.length] ?? 0.1;
      const way = `${from.address} ${node.address}`;
      const arrivalMs = Math.max(this.nowMs + delayMs, this.#lastArrivalMs.get(way) ?? 0);
      this.#lastArrivalMs.set(way, arrivalMs);
      this.at(arrivalMs, () => {
        node.hear(from.address, priority);
      });
    }
  }

  run(untilMs: number): void {
    for (;;) {
      const ticks = this.nodes.map((node) => ({
        atMs: node.nextMs,
        run: () => {
          node.tell({ kind: "tick" });
        },
      }));
      const [first] = [...this.#due, ...ticks].sort((a, b) => a.atMs - b.atMs);
      if (first === undefined || first.atMs > untilMs) break;
      if (this.#due.includes(first)) this.#due.splice(this.#due.indexOf(first), 1);
      this.nowMs = Math.max(this.nowMs, first.atMs);
      first.run();
      this.watch();
    }
    this.nowMs = untilMs;
  }
}

export interface NodeTraits {
  readonly address: string;
  readonly priority: number;
  readonly election: ElectionSettings;
  /** As configured by default, unless told. */
  readonly timing?: Timing;
  readonly step: StepFunction;
}

export class Node {
  readonly address: string;
  readonly settings: GroupSettings;
  state: GroupState = initialState();
  eligible = false;
  /** Since when it is, or is not; a crash begins anew. */
  sinceMs = 0;
  readonly #segment: Segment;
  readonly #step: StepFunction;
  /** What was begun before a crash is not carried on. */
  #life = 0;
  #running = true;
  #adverts = 0;
  #expected = new ExpectedAdverts();
  /** What Patroni said last. */
  #known: boolean | null = null;

  constructor(segment: Segment, { address, priority, election, step, timing }: NodeTraits) {
    this.#segment = segment;
    this.#step = step;
    this.address = address;
    this.settings = { ...defaultSettings, vips: [VIP], priority, election, timing: timing ?? defaultSettings.timing };
    this.tell({ kind: "interfaceReady", present: false });
  }

  get nextMs(): number {
    return this.#running ? nextDeadlineMs(this.settings, this.state, this.#segment.nowMs) : Infinity;
  }

  get running(): boolean {
    return this.#running;
  }

  become(eligible: boolean): void {
    if (this.eligible !== eligible) this.sinceMs = this.#segment.nowMs;
    this.eligible = eligible;
  }

  /** The host is gone, and everything on it. */
  crash(): void {
    this.#running = false;
    this.#life += 1;
    this.#adverts += 1;
    this.state = initialState();
    this.#expected = new ExpectedAdverts();
  }

  start(): void {
    if (this.#running) return;
    this.#running = true;
    this.sinceMs = this.#segment.nowMs;
    this.tell({ kind: "interfaceReady", present: false });
  }

  hear(from: string, priority: number): void {
    if (!this.#expected.hears(from, String(priority), this.#segment.nowMs)) return;
    const winsTies = compareAddresses(from, this.address) > 0;
    const intervalMs = this.settings.timing.advertIntervalMs;
    this.tell({ kind: "advertReceived", from, winsTies, priority, intervalMs, vips: [VIP] });
  }

  tell(event: GroupEvent): void {
    if (!this.#running) return;
    const { nowMs } = this.#segment;
    const { state, effects } = this.#step(this.settings, this.state, event, nowMs);
    checkInvariants(this.settings, this.state, state, effects, nowMs);
    this.state = state;
    if (state.phase.kind !== "standby") this.#expected.heed();
    for (const effect of effects) this.#carryOut(effect);
  }

  #carryOut(effect: Effect): void {
    switch (effect.kind) {
      case "ask":
        this.#ask(effect.question, null);
        return;
      case "expectAdverts":
        this.#expect(effect);
        return;
      case "askPatiently":
        this.#later(effect.patience.firstAtMs, () => this.#ask(effect.question, effect.patience));
        return;
      case "takeOver":
      case "advertise":
        this.#advertise(effect.priority);
        return;
      case "release":
        this.#adverts += 1;
        this.#segment.send(this, 0);
        return;
      default:
    }
  }

  #expect({ from, silenceMs, untilMs }: Effect & { readonly kind: "expectAdverts" }): void {
    this.#expected.expect(from, silenceMs, untilMs, this.#segment.nowMs);
    this.#watchSilence();
  }

  /** It moves on with each advert that comes. */
  #watchSilence(): void {
    const { dueMs } = this.#expected;
    if (dueMs === Infinity) return;
    this.#later(dueMs, () => {
      for (const from of this.#expected.ceased(this.#segment.nowMs)) this.tell({ kind: "advertsCeased", from });
      this.#watchSilence();
    });
  }

  #ask(question: number, patience: Patience | null): void {
    const segment = this.#segment;
    const sentAtMs = segment.nowMs;
    this.#later(sentAtMs + ANSWER_AFTER_MS, () => {
      const hasRole = this.eligible;
      const nextMs = sentAtMs + (patience?.everyMs ?? Infinity);
      if (patience !== null && hasRole === this.#known && nextMs <= patience.untilMs) {
        this.#later(nextMs, () => this.#ask(question, patience));
        return;
      }
      this.#known = hasRole;
      const observation = {
        kind: "answered",
        hasRole,
        status: status("replica", "running"),
        dcsSeenAtMs: null,
      } as const;
      this.tell({ kind: "patroniAnswered", question, sentAtMs, answeredAtMs: segment.nowMs, observation });
    });
  }

  /** Unless the host crashes meanwhile. */
  #later(atMs: number, run: () => void): void {
    const life = this.#life;
    this.#segment.at(atMs, () => {
      if (life === this.#life) run();
    });
  }

  /** At once, and on its cadence from then on. */
  #advertise(priority: number): void {
    this.#adverts += 1;
    const series = this.#adverts;
    const again = (): void => {
      if (series !== this.#adverts || !holds(this.state.phase)) return;
      this.#segment.send(this, priority);
      this.#segment.at(this.#segment.nowMs + this.settings.timing.advertIntervalMs, again);
    };
    again();
  }
}
