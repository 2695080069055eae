/** One run: builds the world of a plan, lets its faults happen, heals it, and waits until it is well again. */
import { step } from "../../src/core/group.js";
import type { StepFunction } from "./agent.js";
import { InvariantBroken } from "./checks.js";
import { Coverage } from "./coverage.js";
import type { Plan } from "./schedule.js";
import { World } from "./world.js";

/** After the last fault: a lock that lives for ttl, a loop, a candidate's timeout, restarts; then the clients' caches. */
const HEALED_BOUND_MS = 140_000;
/** How long a well world is watched. */
const STAYS_MS = 3_000;

export interface RunHooks {
  readonly step?: StepFunction;
  readonly coverage?: Coverage;
  readonly trace?: (line: string) => void;
}

export interface Outcome {
  readonly virtualMs: number;
  readonly failure: InvariantBroken | null;
}

export function run({ world: plan, faults }: Plan, hooks: RunHooks = {}): Outcome {
  const world = new World(plan, {
    step: hooks.step ?? step,
    coverage: hooks.coverage ?? new Coverage(),
    trace: hooks.trace ?? null,
  });
  try {
    play(world, faults);
    return { virtualMs: world.timeline.nowMs, failure: null };
  } catch (error) {
    if (!(error instanceof InvariantBroken)) throw error;
    world.trace("world", `BROKEN ${error.message}`);
    return { virtualMs: world.timeline.nowMs, failure: error };
  }
}

function play(world: World, faults: Plan["faults"]): void {
  const { timeline, injector } = world;
  injector.schedule(faults);
  const lastMs = Math.max(5_000, ...faults.map(({ atMs, forMs }) => atMs + forMs));
  while (timeline.nowMs < lastMs + 1 && world.step());
  injector.healAll();
  const untilMs = timeline.nowMs + HEALED_BOUND_MS;
  let wellSinceMs = Infinity;
  while (timeline.nowMs - wellSinceMs < STAYS_MS) {
    if (!world.step()) break;
    wellSinceMs = world.checks.settled ? Math.min(wellSinceMs, timeline.nowMs) : Infinity;
    if (timeline.nowMs > untilMs) throw new InvariantBroken("3 never well", "the world is healed but does not settle");
  }
}
