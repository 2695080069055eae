/**
 * When to ask Patroni. Slowly at rest; fast while a fail-over may be under way; fastest from the lock on, because the
 * time from "writable" to our noticing it is all that the move of the VIP can add to a fail-over.
 */
import { outlivedAtMs } from "./deadlines.js";
import type { DcsSettings } from "./observation.js";
import type { GroupState, Patience, Timing } from "./types.js";
import { type Verdict, leads } from "./verdict.js";

/** Full turbo for this long; then the interval doubles with each further second until it is the slow one again. */
const TURBO_MS = 5_000;
const BACK_OFF_MS = 1_000;
/** So often in a lease an answer is told that says nothing new: what is decided on must not be older than the lease. */
const ANSWERS_PER_LEASE = 2;
/** How far the end of a dead leader's lock may be from its ttl: Patroni's and the DCS's timers are no finer. */
const LOCK_SLACK_MS = 2_000;

/**
 * Whether nothing is going on: then the next questions are left to the network, which asks at the interval of rest and
 * tells what is new. The agent sleeps meanwhile, whose waking up costs more than the question itself.
 */
export function isCalm({ phase, view, polling }: GroupState): boolean {
  if (phase.kind !== "standby" && phase.kind !== "holder") return false;
  if (phase.kind === "standby" && polling.disturbedAtMs !== null) return false;
  return polling.urgentAtMs === Infinity && view !== null && isSettled(view.verdict);
}

function isSettled({ kind }: Verdict): boolean {
  return kind === "writable" || kind === "notLeader" || kind === "eligible" || kind === "ineligible";
}

/** From the last question on at the interval of rest, until an answer has to be told or means something else. */
export function patienceOf(state: GroupState, { pollMs, leaseMs }: Timing, nowMs: number): Patience {
  const { polling, view } = state;
  const outlived = view === null ? Infinity : outlivedAtMs(view.observation, state);
  return {
    firstAtMs: Math.max(nowMs, polling.lastAskedAtMs + pollMs),
    everyMs: pollMs,
    untilMs: Math.min(nowMs + leaseMs / ANSWERS_PER_LEASE, outlived),
  };
}

/** The time between two questions in this state. */
export function pollIntervalMs(state: GroupState, timing: Timing, nowMs: number): number {
  const { phase, view, polling } = state;
  const verdict = view?.verdict;
  const waitsForWrites = verdict?.kind === "promoting";
  if (waitsForWrites && phase.kind !== "fault") {
    // Patroni's answers cost the processors that PostgreSQL needs just now: who is told otherwise asks less often.
    const isTold = phase.kind === "standby" && phase.recovery === "watched";
    return backedOff(
      isTold ? 2 * timing.turboMs : timing.lockPollMs,
      timing.pollMs,
      nowMs - (polling.disturbedAtMs ?? nowMs),
    );
  }
  if (phase.kind === "starting") return timing.turboMs;
  if (phase.kind === "standby" && polling.disturbedAtMs !== null) {
    const forMs = nowMs - polling.disturbedAtMs;
    return lockMayEnd(state.dcs, forMs) ? timing.turboMs : backedOff(timing.turboMs, timing.pollMs, forMs);
  }
  // A lame duck whose Patroni is coming back, or whose PostgreSQL restarts in place, should be a holder again soon.
  if (phase.kind === "lameDuck" && verdict !== undefined && leads(verdict))
    return Math.min(timing.pollMs, 2 * timing.turboMs);
  return timing.pollMs;
}

/**
 * How many questions may wait for their answers. While PostgreSQL is promoted, Patroni answers slowly, and an answer that
 * was begun before the first write is possible says nothing: the next question must not wait for it. Nor must one that a
 * hint or a claim wants at once. Otherwise one, and never many, because Patroni 4.1.1 and later answers with five threads.
 */
export function questionsAtOnce({ view, polling }: GroupState, nowMs: number): number {
  if (view?.verdict.kind === "promoting") return 3;
  return polling.urgentAtMs <= nowMs ? 2 : 1;
}

function backedOff(fastMs: number, slowMs: number, forMs: number): number {
  if (forMs < TURBO_MS) return fastMs;
  const doublings = 1 + Math.floor((forMs - TURBO_MS) / BACK_OFF_MS);
  return Math.min(slowMs, fastMs * 2 ** Math.min(doublings, 16));
}

/** Whether the lock of a leader that died when the disturbance began may end about now: ttl after its last renewal. */
function lockMayEnd(dcs: DcsSettings | null, forMs: number): boolean {
  if (dcs === null) return false;
  return forMs >= dcs.ttlMs - dcs.loopWaitMs - LOCK_SLACK_MS && forMs <= dcs.ttlMs + dcs.loopWaitMs + LOCK_SLACK_MS;
}
