/**
 * The election for VIPs that several nodes may have (RFC 9568 section 6.4): among the nodes that Patroni calls eligible, the
 * highest priority holds the VIP, and the highest address where priorities are equal.
 *
 * A standby that is eligible waits for its Active_Down_Timer; one that is not only listens. A holder that is no longer
 * eligible becomes a lame duck with priority 1, which every eligible standby outbids within its skew time.
 */
import { assert } from "../assert.js";
import { mayTake } from "./maintenance.js";
import { deny, release } from "./moves.js";
import { heedAnswer } from "./probe.js";
import { downIntervalMs, skewMs } from "./speakers.js";
import { LAME_DUCK_PRIORITY, type Turn } from "./turn.js";
import type { ElectionSettings, GroupEvent, Hold, Speaker } from "./types.js";
import { explain, serves } from "./verdict.js";

/** Sets the Active_Down_Timer of a standby by an advert of another node. */
export function noteRival(turn: Turn, { priority, intervalMs }: GroupEvent & { kind: "advertReceived" }): void {
  const { contest } = turn.state;
  const { election, priority: own, timing } = turn.settings;
  if (election === null || contest === null) return;
  if (priority <= LAME_DUCK_PRIORITY) {
    // The loser of an election goes as well, and leaves a winner.
    if (Object.values(turn.state.speakers).some(isActive)) return;
    // It has let go, or wants to: the higher our priority, the sooner we are there.
    const downAtMs = Math.min(contest.downAtMs, turn.nowMs + skewMs(own, intervalMs, timing));
    turn.set({ contest: { ...contest, downAtMs } });
  } else if (priority >= own || !preempts(election, contest.eligibleSinceMs, turn.nowMs)) {
    turn.set({ contest: { ...contest, downAtMs: turn.nowMs + downIntervalMs(own, intervalMs, timing) } });
  }
}

function preempts({ preempt, preemptDelayMs }: ElectionSettings, eligibleSinceMs: number, nowMs: number): boolean {
  return preempt && nowMs >= eligibleSinceMs + preemptDelayMs;
}

export function decideCandidate(turn: Turn): void {
  const { contest } = turn.state;
  const { priority } = turn.settings;
  const view = turn.freshView;
  if (view === null || !serves(view.verdict)) {
    if (contest !== null) turn.set({ contest: null });
    return;
  }
  if (contest === null) {
    turn.set({ contest: { eligibleSinceMs: turn.nowMs, downAtMs: firstDownAtMs(turn) } });
    return;
  }
  if (turn.nowMs < contest.downAtMs) return;
  turn.set({ contest: null });
  if (!mayTake(turn)) return;
  heedAnswer(turn);
  turn.enter({ kind: "holder", hold: turn.newHold(priority) }, "elected", `${explain(view.verdict)}; elected`);
  turn.takeOver(priority);
  turn.poll({ disturbedAtMs: null });
}

/** One Active_Down_Interval from now, and not before the holder we know of has been silent for its own. */
function firstDownAtMs(turn: Turn): number {
  const { priority, timing } = turn.settings;
  const holders = Object.values(turn.state.speakers).filter(isActive);
  const ownMs = turn.nowMs + downIntervalMs(priority, timing.advertIntervalMs, timing);
  return Math.max(ownMs, ...holders.map(({ downAtMs }) => downAtMs));
}

export function decideElected(turn: Turn, hold: Hold, toLameDuck: () => void): void {
  const { view, speakers } = turn.state;
  assert(view !== null, "a holder has an answer of Patroni");
  if (!serves(view.verdict)) {
    toLameDuck();
    return;
  }
  const better = Object.entries(speakers).find(([, speaker]) => outranks(speaker, hold));
  if (better !== undefined) {
    const [from, { priority }] = better;
    release(turn, "outranked", `${from} has the VIP now, with priority ${String(priority)}`);
  } else if (hold.claim !== null && view.sentAtMs >= hold.claim.heardAtMs) {
    // With Patroni's next word, so that a flood of forged adverts does not make one of ours.
    deny(turn, hold, `${hold.claim.from} claims the VIP with a lower priority`);
  }
}

/** Has the VIP, and means to keep it. */
function isActive({ priority }: Speaker): boolean {
  return priority > LAME_DUCK_PRIORITY;
}

function outranks({ priority, winsTies }: Speaker, hold: Hold): boolean {
  return priority > hold.priority || (priority === hold.priority && winsTies);
}
