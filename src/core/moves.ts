/** The ways in which a group lets go of a VIP, and small helpers around what a node that has it keeps in mind. */
import type { Turn } from "./turn.js";
import type { Hold, Phase, Reason } from "./types.js";

export function release(turn: Turn, reason: Reason, text: string): void {
  letGo(turn);
  standBy(turn, reason, text);
}

/** Without the VIP from now on: what Patroni said until here is not enough to take it again. */
export function standBy(turn: Turn, reason: Reason, text: string): void {
  turn.set({ distrustBeforeMs: turn.nowMs, contest: null });
  turn.poll({ urgentAtMs: turn.nowMs });
  turn.enter({ kind: "standby", lockSinceMs: null, recovery: "unseen" }, reason, text);
}

export function letGo(turn: Turn): void {
  turn.count("releases");
  turn.silence();
  turn.effect({ kind: "release" });
}

export function dropLeftover(turn: Turn, reason: Reason, text: string): void {
  turn.effect({ kind: "removeLeftover" });
  standBy(turn, reason, text);
}

type Holding = Phase & { readonly hold: Hold };

export function holds(phase: Phase): phase is Holding {
  return phase.kind === "holder" || phase.kind === "lameDuck";
}

/** Out of turn at most this often: whoever forges adverts must not decide how many we send. */
const ASSERT_INTERVAL_MS = 20;

/**
 * A holder answers an advert that denies it with one of its own at once (RFC 9568 section 6.4.3): others must not wait for
 * an Active router that is there.
 */
export function assertHolding(turn: Turn): void {
  const { phase } = turn.state;
  if (phase.kind !== "holder" || turn.nowMs < phase.hold.assertedAtMs + ASSERT_INTERVAL_MS) return;
  withHold(turn, (hold) => ({ ...hold, assertedAtMs: turn.nowMs }));
  turn.effect({ kind: "advertise", priority: phase.hold.priority });
}

/** Right after a take-over a claim is the last word of a predecessor that had not heard of it. */
export const LAST_WORDS_MS = 1_000;

/** Another node's claim turned out to be unfounded: it has to hear us, and so have its neighbours. */
export function deny(turn: Turn, hold: Hold, claim: string): void {
  turn.count("conflicts");
  withHold(turn, (same) => ({ ...same, claim: null }));
  const text = `${claim} (${String(turn.state.counters.conflicts)} times so far)`;
  if (turn.nowMs - hold.sinceMs < LAST_WORDS_MS) turn.notice("conflict", text);
  else turn.remind("conflict", text);
  assertHolding(turn);
  turn.announceSoon();
}

export function withHold(turn: Turn, change: (hold: Hold) => Hold): void {
  const { phase } = turn.state;
  if (phase.kind === "holder") turn.set({ phase: { ...phase, hold: change(phase.hold) } });
  if (phase.kind === "lameDuck") turn.set({ phase: { ...phase, hold: change(phase.hold) } });
}
