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
/** So often a second at most. Of one VIP that makes eight frames: an announcement is a request and a reply. */
const BUDGET = 4;
/** Of a group with more VIPs, so many frames a second at most, the take-over's own not counted. */
const FRAMES_BUDGET = 10;
const BUDGET_WINDOW_MS = 1_000;
/** What is remembered: the budget, and take-overs that came on top. */
const REMEMBERED = 2 * BUDGET;
/** Two reasons at the same moment are one announcement. */
const GAP_MS = 5;

export const silentAnnouncing: Announcing = { dueAtMs: [], madeAtMs: [] };

/** Nothing is due any more; what was made still counts. */
export function silenced({ madeAtMs }: Announcing): Announcing {
  return { dueAtMs: [], madeAtMs };
}

/** A take-over has just announced. */
export function afterTakeOver(announcing: Announcing, nowMs: number): Announcing {
  return { dueAtMs: REPEATS_MS.map((ms) => nowMs + ms), madeAtMs: noted(announcing, nowMs) };
}

/** One announcement more, as soon as the budget allows: somebody may have learnt another answer. */
export function onceMore(announcing: Announcing, nowMs: number): Announcing {
  if (announcing.dueAtMs.some((dueMs) => dueMs <= nowMs)) return announcing;
  return { ...announcing, dueAtMs: [nowMs, ...announcing.dueAtMs] };
}

/** Two frames for an IPv4 address, one for an IPv6 address (src/shell/plans.ts). */
export function framesFor(vips: readonly string[]): number {
  return vips.reduce((frames, vip) => frames + (vip.includes(":") ? 1 : 2), 0);
}

/** How many announcements of these VIPs a window may have. One that is more than the budget by itself waits that much longer. */
export function paceOf(vips: readonly string[]): { readonly announcements: number; readonly windowMs: number } {
  const share = FRAMES_BUDGET / framesFor(vips);
  if (share < 1) return { announcements: 1, windowMs: BUDGET_WINDOW_MS / share };
  return { announcements: Math.min(BUDGET, Math.floor(share)), windowMs: BUDGET_WINDOW_MS };
}

/** The next instant at which an announcement of these VIPs is due and allowed. */
export function nextAnnouncementMs({ dueAtMs, madeAtMs }: Announcing, vips: readonly string[]): number {
  const due = dueAtMs[0];
  if (due === undefined) return Infinity;
  const spaced = Math.max(due, (madeAtMs.at(-1) ?? -Infinity) + GAP_MS);
  const { announcements, windowMs } = paceOf(vips);
  const first = madeAtMs.at(-announcements);
  return first === undefined ? spaced : Math.max(spaced, first + windowMs);
}

/** An announcement has just been made: what was due until now is done with it. */
export function made(announcing: Announcing, nowMs: number): Announcing {
  const later = announcing.dueAtMs.filter((dueMs) => dueMs > nowMs);
  return {
    dueAtMs: later.length === 0 ? [nowMs + REFRESH_MS] : later,
    madeAtMs: noted(announcing, nowMs),
  };
}

function noted({ madeAtMs }: Announcing, nowMs: number): readonly number[] {
  return [...madeAtMs, nowMs].slice(-REMEMBERED);
}
