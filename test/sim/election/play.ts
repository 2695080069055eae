/**
 * Plays a scene of an election: replicas become eligible and cease to be, crash and come back, are cut off, adverts are lost.
 * Checked at every step and at the end; see `Rule`.
 */
import fc from "fast-check";
import { step as realStep } from "../../../src/core/group.js";
import { holds } from "../../../src/core/moves.js";
import type { StepFunction } from "../agent.js";
import { Node, Segment } from "./segment.js";

export type Happening =
  | { readonly kind: "eligible" | "ineligible" | "crash" | "start" | "cut"; readonly node: number }
  | { readonly kind: "loss"; readonly share: number }
  | { readonly kind: "heal" };

export interface ElectionScene {
  /** Of each node. */
  readonly priorities: readonly number[];
  /** All have the same priority: addresses decide. */
  readonly equal: boolean;
  readonly preempt: boolean;
  readonly delaysMs: readonly number[];
  readonly chances: readonly number[];
  readonly happenings: readonly (Happening & { readonly waitMs: number })[];
}

const node = fc.nat({ max: 4 });
const happening = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constantFrom("eligible", "ineligible"), node }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom("crash", "start", "cut"), node }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("loss"), share: fc.double({ min: 0, max: 0.9, noNaN: true }) }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("heal") }) },
);

export const scenes: fc.Arbitrary<ElectionScene> = fc.record({
  priorities: fc.array(fc.integer({ min: 2, max: 254 }), { minLength: 2, maxLength: 5 }),
  equal: fc.boolean(),
  preempt: fc.boolean(),
  delaysMs: fc.array(fc.double({ min: 0.05, max: 2, noNaN: true }), { minLength: 1, maxLength: 8 }),
  chances: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 16 }),
  happenings: fc.array(
    fc
      .tuple(happening, fc.integer({ min: 0, max: 2_000 }))
      .map(([what, waitMs]) => ({ ...(what as Happening), waitMs })),
    { maxLength: 24 },
  ),
});

export type Rule =
  /** On a segment that has been whole for a moment, two nodes that mean to keep the VIP have it. */
  | "one holder"
  /** A node that is not eligible has the VIP as if it were, or has it for too long. */
  | "eligible holder"
  /** At the end, in peace: nobody has it although somebody may, or another than the best where better ones preempt. */
  | "right holder"
  /** In peace, it moves. */
  | "peace";

export interface Broken {
  readonly rule: Rule;
  readonly message: string;
}

/** Two may take over in the same moment; each hears of the other at once, and the better one answers with Patroni's word. */
const OVERLAP_MS = 10;
/** From a whole segment on: an advert, and an answer of Patroni to what it denies. */
const HEALED_MS = 350;
/** A question at rest, its answer, and some. */
const NOTICED_MS = 150;
/** A lame duck without a successor stays for five seconds; with one for an advert, a skew time and another advert. */
const DUCK_MS = 5_200;
const SUCCEEDED_MS = 500;
/** From being eligible to the part in the election that comes with it. */
const READY_MS = 1_000;
/** Then the standbys' timers run. */
const SETTLED_MS = 7_000;
const PEACE_MS = 5_000;

/** The first rule that is broken; `null`: none. */
export function play(scene: ElectionScene, step: StepFunction = realStep): Broken | null {
  const segment = new Segment(scene.delaysMs, scene.chances);
  for (const [index, priority] of scene.priorities.entries()) {
    segment.nodes.push(
      new Node(segment, {
        address: `10.0.0.${String(index + 1)}`,
        priority: scene.equal ? 100 : priority,
        election: { preempt: scene.preempt, preemptDelayMs: 0 },
        step,
      }),
    );
  }
  const watch = new Watch(segment);
  for (const { waitMs, ...what } of scene.happenings) {
    happen(segment, what);
    segment.run(segment.nowMs + waitMs);
    if (watch.broken !== null) return watch.broken;
  }
  segment.heal();
  for (const one of segment.nodes) one.start();
  segment.run(segment.nowMs + SETTLED_MS);
  return watch.broken ?? wrongHolder(segment, scene.preempt) ?? restless(segment, watch);
}

/** Nothing happens, so nothing moves. */
function restless(segment: Segment, watch: Watch): Broken | null {
  const before = holdersOf(segment).join();
  const { moves } = watch;
  segment.run(segment.nowMs + PEACE_MS);
  if (watch.broken !== null || watch.moves === moves) return watch.broken;
  return { rule: "peace", message: `${before} had it, ${holdersOf(segment).join()} has it now` };
}

function happen(segment: Segment, what: Happening): void {
  if (what.kind === "heal") segment.heal();
  else if (what.kind === "loss") segment.lossShare = what.share;
  else {
    const node = segment.nodes[what.node % segment.nodes.length];
    if (node === undefined) return;
    if (what.kind === "crash") node.crash();
    else if (what.kind === "start") node.start();
    else if (what.kind === "cut") segment.cut(node);
    else node.become(what.kind === "eligible");
  }
}

/** Looks at everything after each step. */
class Watch {
  broken: Broken | null = null;
  /** How often the VIP went to other nodes. */
  moves = 0;
  #wholeSinceMs: number | null = 0;
  #overlapSinceMs: number | null = null;
  #holders = "";
  readonly #segment: Segment;

  constructor(segment: Segment) {
    this.#segment = segment;
    segment.watch = () => {
      this.broken ??= this.#overlap() ?? this.#unfit();
      const holders = holdersOf(segment).join();
      if (holders !== this.#holders) this.moves += 1;
      this.#holders = holders;
    };
  }

  #overlap(): Broken | null {
    const { nodes, nowMs, isWhole } = this.#segment;
    this.#wholeSinceMs = isWhole ? (this.#wholeSinceMs ?? nowMs) : null;
    const isSettled = this.#wholeSinceMs !== null && nowMs > this.#wholeSinceMs + HEALED_MS;
    const holders = nodes.filter(({ state }) => state.phase.kind === "holder");
    if (holders.length < 2 || !isSettled) {
      this.#overlapSinceMs = null;
      return null;
    }
    this.#overlapSinceMs ??= nowMs;
    const forMs = nowMs - this.#overlapSinceMs;
    if (forMs <= OVERLAP_MS) return null;
    return { rule: "one holder", message: `${String(holders.length)} holders for ${String(forMs)} ms` };
  }

  #unfit(): Broken | null {
    const { nodes, nowMs } = this.#segment;
    const successorSinceMs = this.#successorSinceMs();
    for (const { address, eligible, running, state, sinceMs } of nodes) {
      if (!running || eligible || !holds(state.phase)) continue;
      const overMs = [sinceMs + NOTICED_MS + DUCK_MS, Math.max(sinceMs + NOTICED_MS, successorSinceMs) + SUCCEEDED_MS];
      if (state.phase.kind === "holder") overMs.push(sinceMs + NOTICED_MS);
      if (nowMs <= Math.min(...overMs)) continue;
      const forMs = nowMs - sinceMs;
      return {
        rule: "eligible holder",
        message: `${address} is ${state.phase.kind}, not eligible for ${String(forMs)} ms`,
      };
    }
    return null;
  }

  /** Since when there is somebody to take the VIP from a lame duck, on a segment that lets it hear of that. */
  #successorSinceMs(): number {
    if (this.#wholeSinceMs === null) return Infinity;
    const ready = this.#segment.nodes.filter(({ running, eligible }) => running && eligible);
    return Math.max(this.#wholeSinceMs + HEALED_MS, Math.min(...ready.map(({ sinceMs }) => sinceMs + READY_MS)));
  }
}

export function holdersOf({ nodes }: Segment): string[] {
  return nodes.filter(({ state }) => holds(state.phase)).map(({ address }) => address);
}

function wrongHolder(segment: Segment, preempt: boolean): Broken | null {
  const broken = (message: string): Broken => ({ rule: "right holder", message });
  const eligible = segment.nodes.filter((node) => node.eligible);
  const holders = segment.nodes.filter(({ state }) => holds(state.phase));
  const [holder] = holders;
  if (eligible.length === 0) return holder === undefined ? null : broken(`${holder.address} has it, and nobody may`);
  if (holder === undefined || holders.length > 1 || !holder.eligible) {
    return broken(`holders: ${holdersOf(segment).join()}`);
  }
  const best = Math.max(...eligible.map(({ settings }) => settings.priority));
  if (!preempt || holder.settings.priority === best) return null;
  return broken(`${holder.address} has it with priority ${String(holder.settings.priority)}, not ${String(best)}`);
}
