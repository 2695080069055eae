/** What must be true of a group after every step. Used by tests and the simulator, which run the same core as the agent. */
import { assert } from "../assert.js";
import { paceOf } from "./announcing.js";
import { duckDeadlineOf, isSustained } from "./deadlines.js";
import { nextDeadlineMs } from "./group.js";
import { holds } from "./moves.js";
import { questionsAtOnce } from "./polling.js";
import type { Effect, GroupSettings, GroupState } from "./types.js";
import { leads, serves } from "./verdict.js";

/** An address whose lifetime has to end with the right may be gone this long before: whole seconds, and 20 ms. */
const KERNEL_EARLY_MS = 1_020;

export function checkInvariants(
  settings: GroupSettings,
  before: GroupState,
  after: GroupState,
  effects: readonly Effect[],
  nowMs: number,
): void {
  const { phase, view } = after;
  if (phase.kind === "holder") {
    assert(view !== null && serves(view.verdict), "a holder's last answer says that it serves");
  }
  if (phase.kind === "lameDuck") {
    assert(view !== null, "a lame duck has an answer");
    const deadlineMs = duckDeadlineOf(phase.bounds);
    const isBacked = leads(view.verdict) || isSustained(after);
    assert(isBacked === (deadlineMs === Infinity), "a lame duck has a deadline unless Patroni or an operator backs it");
    assert(nowMs < deadlineMs, "no lame duck outlives its deadline");
  }
  if (after.maintenance.kind === "released") assert(!holds(phase), "what was released is not held");
  if (after.contradiction.yieldedTo !== null) assert(!holds(phase), "what was yielded to a leader is not held");
  for (const effect of effects) {
    if (effect.kind === "takeOver") {
      assert(view !== null, "nothing is taken without an answer of Patroni");
      assert(
        nowMs - view.sentAtMs <= Math.max(settings.timing.leaseMs, settings.timing.silenceTimeoutMs),
        "a take-over rests on a recent answer",
      );
      assert(effect.leases.leaseUntilMs > nowMs, "a take-over has a lease");
    }
    if ((effect.kind === "takeOver" || effect.kind === "renew") && phase.kind === "lameDuck") {
      assert(
        duckDeadlineOf(phase.bounds) === Infinity ||
          effect.leases.rightUntilMs - KERNEL_EARLY_MS >= duckDeadlineOf(phase.bounds),
        "a lame duck lets go in order before the kernel could take the address, and leave the sessions",
      );
    }
    if (effect.kind === "ask")
      assert(after.polling.inFlight.length <= Math.max(2, questionsAtOnce(after, nowMs)), "few questions at a time");
    if (effect.kind === "announce")
      assert(phase.kind === "holder" || phase.kind === "lameDuck", "only one who has the VIP announces it");
  }
  const { announcements, windowMs } = paceOf(settings.vips);
  const recent = after.announcing.madeAtMs.filter((atMs) => atMs > nowMs - windowMs);
  // A take-over itself is never held back, so it may come on top of the budget.
  assert(recent.length <= announcements + 2, "announcements stay within the budget");
  assert(nextDeadlineMs(settings, after, nowMs) > nowMs, "a step leaves nothing due");
  assert(after.polling.lastQuestion - before.polling.lastQuestion <= 1, "one question at a time");
}
