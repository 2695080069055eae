/** From a plan that breaks an invariant to a smaller one that breaks the same: faults are left out one by one. */
import { type RunHooks, run } from "./run.js";
import type { Plan } from "./schedule.js";

/** Which faults of the plan are needed, by their number in it. */
export function shrink(plan: Plan, invariant: string, hooks: RunHooks = {}): readonly number[] {
  let kept = plan.faults.map((_, index) => index);
  for (let shorter = true; shorter;) {
    shorter = false;
    for (const index of kept) {
      const fewer = kept.filter((other) => other !== index);
      if (run(only(plan, fewer), hooks).failure?.invariant !== invariant) continue;
      kept = fewer;
      shorter = true;
      break;
    }
  }
  return kept;
}

export function only(plan: Plan, indices: readonly number[]): Plan {
  return { ...plan, faults: plan.faults.filter((_, index) => indices.includes(index)) };
}
