/**
 * When to tell the neighbours again. The take-over itself announces at 0; here are the repeats, each of them made only
 * while we still hold the VIP, and a budget that keeps us below what switches tolerate: Dynamic ARP Inspection shuts a
 * port down above 15 ARP packets a second.
 */
import type { Announcing } from "./types.js";

/** After the take-over: for a lost frame, for a neighbour that asked in between, past the neighbours' locktime (1 s). */
const REPEATS_MS = [50, 250, 1_100, 2_200] as const;
/** Switch tables age in 300 s, some routers keep an ARP entry for hours. */
const REFRESH_MS = 60_000;
/** An announcement is two frames (request and reply) for each VIP: four make eight frames a second. */
const BUDGET = 4;
const BUDGET_WINDOW_MS = 1_000;
/** Two reasons at the same moment are one announcement. */
const GAP_MS = 5;

export const silentAnnouncing: Announcing = { dueAtMs: [], madeAtMs: [] };

/** Nothing is due any more; what was made still counts. */
export function silenced({ madeAtMs }: Announcing): Announcing {
  return { dueAtMs: [], madeAtMs };
}

/** A take-over has just announced. */
export function afterTakeOver(announcing: Announcing, nowMs: number): Announcing {
  return { dueAtMs: REPEATS_MS.map((ms) => nowMs + ms), madeAtMs: [...recent(announcing, nowMs), nowMs] };
}

/** One announcement more, as soon as the budget allows: somebody may have learnt another answer. */
export function onceMore(announcing: Announcing, nowMs: number): Announcing {
  if (announcing.dueAtMs.some((dueMs) => dueMs <= nowMs)) return announcing;
  return { ...announcing, dueAtMs: [nowMs, ...announcing.dueAtMs] };
}

/** The next instant at which an announcement is due and allowed. */
export function nextAnnouncementMs({ dueAtMs, madeAtMs }: Announcing): number {
  const due = dueAtMs[0];
  if (due === undefined) return Infinity;
  const spaced = Math.max(due, (madeAtMs.at(-1) ?? -Infinity) + GAP_MS);
  const first = madeAtMs.at(-BUDGET);
  return first === undefined ? spaced : Math.max(spaced, first + BUDGET_WINDOW_MS);
}

/** An announcement has just been made: what was due until now is done with it. */
export function made(announcing: Announcing, nowMs: number): Announcing {
  const later = announcing.dueAtMs.filter((dueMs) => dueMs > nowMs);
  return {
    dueAtMs: later.length === 0 ? [nowMs + REFRESH_MS] : later,
    madeAtMs: [...recent(announcing, nowMs), nowMs],
  };
}

function recent({ madeAtMs }: Announcing, nowMs: number): readonly number[] {
  return madeAtMs.filter((atMs) => atMs > nowMs - BUDGET_WINDOW_MS);
}
