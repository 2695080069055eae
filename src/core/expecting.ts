/**
 * A standby hears the holder's adverts at each interval, and they say the same for months. The network keeps those to
 * itself, so that nobody wakes up for them, and tells when one says something else or none comes any more.
 */
import { nextSharedMs } from "./deadlines.js";
import { downIntervalMs } from "./speakers.js";
import type { Turn } from "./turn.js";
import type { GroupEvent, GroupSettings } from "./types.js";

/** After so many leases at most an advert is told although it says the same: should the network fail, it is noticed. */
const LEASES_PER_ADVERT = 1;

/** After an advert of a node that has the VIP, and means to keep it. */
export function expectMore(turn: Turn, advert: GroupEvent & { kind: "advertReceived" }): void {
  const { from, priority, intervalMs } = advert;
  const { settings, nowMs } = turn;
  const { speakers, phase, contest } = turn.state;
  const speaker = speakers[from];
  if (phase.kind !== "standby" || speaker === undefined || settings.hearsEach) return;
  if (preempts(settings, priority)) return;
  const forMs = settings.timing.leaseMs * LEASES_PER_ADVERT;
  if (intervalMs > forMs / 2) return;
  const untilMs = nextSharedMs(forMs, nowMs);
  const silenceMs = downIntervalMs(
    settings.election === null ? priority : settings.priority,
    intervalMs,
    settings.timing,
  );
  // Only should the network not tell of the silence.
  const downAtMs = untilMs + silenceMs;
  turn.set({ speakers: { ...speakers, [from]: { ...speaker, downAtMs } } });
  if (contest !== null) turn.set({ contest: { ...contest, downAtMs: Math.max(contest.downAtMs, downAtMs) } });
  turn.effect({ kind: "expectAdverts", from, silenceMs, untilMs });
}

/** A better node takes the VIP from this one in a moment that its adverts have to tell. */
function preempts({ election, priority: own }: GroupSettings, priority: number): boolean {
  return election !== null && election.preempt && own > priority;
}

/** The Active_Down_Interval of this node is over (RFC 9568 section 6.4.2). */
export function noteCeased(turn: Turn, from: string): void {
  const { speakers, contest } = turn.state;
  const speaker = speakers[from];
  if (speaker === undefined) return;
  turn.set({ speakers: { ...speakers, [from]: { ...speaker, downAtMs: turn.nowMs } } });
  if (contest === null) return;
  const others = Object.entries(speakers).flatMap(([source, { downAtMs }]) => (source === from ? [] : [downAtMs]));
  // Whoever has just become eligible waits for an interval of its own.
  const { priority, timing } = turn.settings;
  const ownMs = contest.eligibleSinceMs + downIntervalMs(priority, timing.advertIntervalMs, timing);
  turn.set({ contest: { ...contest, downAtMs: Math.max(turn.nowMs, ownMs, ...others) } });
}
