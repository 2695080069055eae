/**
 * Several real groups elect a holder on a segment of virtual time. The segment delivers every advert after a short delay;
 * Patroni answers each question 2 ms later. Eligibility changes at random, and must always end with the right holder.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { initialState, nextDeadlineMs, step } from "../../src/core/group.js";
import { checkInvariants } from "../../src/core/invariants.js";
import { holds } from "../../src/core/moves.js";
import type { Effect, ElectionSettings, GroupEvent, GroupSettings, GroupState } from "../../src/core/types.js";
import { compareAddresses } from "../../src/wire/addresses.js";
import { defaultSettings, status } from "./transcript.js";

const VIP = "10.0.0.100";
const INTERVAL_MS = 100;
const ANSWER_AFTER_MS = 2;
/** A lame duck without a successor stays for five seconds, then the standby's timer runs. */
const SETTLED_MS = 7_000;
/** Two may take over in the same moment; each hears of the other at once, and the better one answers with Patroni's word. */
const OVERLAP_MS = 10;

interface Due {
  readonly atMs: number;
  readonly run: () => void;
}

class Segment {
  readonly nodes: Node[] = [];
  readonly #due: Due[] = [];
  nowMs = 0;
  /** Since when two nodes that are no lame ducks hold the VIP. */
  #overlapSinceMs: number | null = null;
  longestOverlapMs = 0;
  readonly #delaysMs: readonly number[];
  #sent = 0;
  /** An Ethernet segment keeps the order of what one node sends to another. */
  readonly #lastArrivalMs = new Map<string, number>();

  constructor(delaysMs: readonly number[]) {
    this.#delaysMs = delaysMs;
  }

  at(atMs: number, run: () => void): void {
    this.#due.push({ atMs, run });
  }

  send(from: Node, priority: number): void {
    for (const node of this.nodes.filter((node) => node !== from)) {
      this.#sent += 1;
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
      this.#watch();
    }
    this.nowMs = untilMs;
  }

  #watch(): void {
    const holders = this.nodes.filter(({ state }) => state.phase.kind === "holder");
    if (holders.length < 2) this.#overlapSinceMs = null;
    else {
      this.#overlapSinceMs ??= this.nowMs;
      this.longestOverlapMs = Math.max(this.longestOverlapMs, this.nowMs - this.#overlapSinceMs);
    }
  }
}

class Node {
  readonly address: string;
  readonly #segment: Segment;
  readonly settings: GroupSettings;
  state: GroupState = initialState();
  eligible = false;
  #adverts = 0;

  constructor(segment: Segment, address: string, priority: number, election: ElectionSettings) {
    this.#segment = segment;
    this.address = address;
    this.settings = { ...defaultSettings, vips: [VIP], priority, election };
    this.tell({ kind: "interfaceReady", present: false });
  }

  get nextMs(): number {
    return nextDeadlineMs(this.settings, this.state, this.#segment.nowMs);
  }

  hear(from: string, priority: number): void {
    const winsTies = compareAddresses(from, this.address) > 0;
    this.tell({ kind: "advertReceived", from, winsTies, priority, intervalMs: INTERVAL_MS, vips: [VIP] });
  }

  tell(event: GroupEvent): void {
    const { nowMs } = this.#segment;
    const { state, effects } = step(this.settings, this.state, event, nowMs);
    checkInvariants(this.settings, this.state, state, effects, nowMs);
    this.state = state;
    for (const effect of effects) this.#carryOut(effect);
  }

  #carryOut(effect: Effect): void {
    const segment = this.#segment;
    switch (effect.kind) {
      case "ask": {
        const { question } = effect;
        const sentAtMs = segment.nowMs;
        segment.at(sentAtMs + ANSWER_AFTER_MS, () => {
          const observation = {
            kind: "answered",
            hasRole: this.eligible,
            status: status("replica", "running"),
            dcsSeenAtMs: null,
          } as const;
          this.tell({ kind: "patroniAnswered", question, sentAtMs, answeredAtMs: segment.nowMs, observation });
        });
        return;
      }
      case "takeOver":
      case "advertise":
        this.#advertise(effect.priority);
        return;
      case "release":
        this.#adverts += 1;
        segment.send(this, 0);
        return;
      default:
    }
  }

  /** At once, and on its cadence from then on. */
  #advertise(priority: number): void {
    this.#adverts += 1;
    const series = this.#adverts;
    const again = (): void => {
      if (series !== this.#adverts || !holds(this.state.phase)) return;
      this.#segment.send(this, priority);
      this.#segment.at(this.#segment.nowMs + INTERVAL_MS, again);
    };
    again();
  }
}

const scene = fc.record({
  priorities: fc.array(fc.integer({ min: 2, max: 254 }), { minLength: 2, maxLength: 5 }),
  equal: fc.boolean(),
  preempt: fc.boolean(),
  delaysMs: fc.array(fc.double({ min: 0.05, max: 2, noNaN: true }), { minLength: 1, maxLength: 8 }),
  changes: fc.array(
    fc.record({ node: fc.nat({ max: 4 }), eligible: fc.boolean(), waitMs: fc.integer({ min: 0, max: 2_000 }) }),
    { maxLength: 20 },
  ),
});

describe("election", () => {
  it("ends with one eligible holder, the best one where better ones preempt", () => {
    fc.assert(
      fc.property(scene, ({ priorities, equal, preempt, delaysMs, changes }) => {
        const segment = new Segment(delaysMs);
        for (const [index, priority] of priorities.entries()) {
          const own = equal ? 100 : priority;
          segment.nodes.push(new Node(segment, `10.0.0.${String(index + 1)}`, own, { preempt, preemptDelayMs: 0 }));
        }
        for (const { node, eligible, waitMs } of changes) {
          const changed = segment.nodes[node % segment.nodes.length];
          if (changed !== undefined) changed.eligible = eligible;
          segment.run(segment.nowMs + waitMs);
        }
        segment.run(segment.nowMs + SETTLED_MS);
        checkEnd(segment, preempt);
      }),
      { numRuns: 300 },
    );
  });

  it("gives the VIP to the next within a skew time when the holder says that it goes", () => {
    const segment = new Segment([0.1]);
    for (const last of [1, 2, 3]) {
      const node = new Node(segment, `10.0.0.${String(last)}`, 254, { preempt: true, preemptDelayMs: 0 });
      node.eligible = true;
      segment.nodes.push(node);
    }
    segment.run(2_000);
    const first = segment.nodes.find(({ state }) => state.phase.kind === "holder");
    assert.equal(first?.address, "10.0.0.3");
    first.eligible = false;
    segment.run(2_100 + ANSWER_AFTER_MS + 2);
    assert.deepEqual(holdersOf(segment), ["10.0.0.2"]);
  });
});

function holdersOf(segment: Segment): string[] {
  return segment.nodes.filter(({ state }) => holds(state.phase)).map(({ address }) => address);
}

function checkEnd(segment: Segment, preempt: boolean): void {
  const eligible = segment.nodes.filter((node) => node.eligible);
  const holders = segment.nodes.filter(({ state }) => holds(state.phase));
  assert.ok(segment.longestOverlapMs <= OVERLAP_MS, `two holders for ${String(segment.longestOverlapMs)} ms`);
  if (eligible.length === 0) {
    assert.deepEqual(holdersOf(segment), []);
    return;
  }
  assert.equal(holders.length, 1, `holders: ${holdersOf(segment).join()}`);
  const [holder] = holders;
  assert.ok(holder?.eligible);
  if (!preempt) return;
  const best = Math.max(...eligible.map(({ settings }) => settings.priority));
  assert.equal(holder.settings.priority, best);
}
