/**
 * Who else speaks on our VRID: the last advert of each source, so that we know whether somebody answers for the VIP.
 */
import type { Speaker, Timing } from "./types.js";

/** Sources remembered at most; forged adverts from ever new addresses push out the oldest. */
const MAX_SPEAKERS = 16;

export type Speakers = Readonly<Record<string, Speaker>>;

export interface HeardAdvert {
  readonly from: string;
  readonly winsTies: boolean;
  readonly priority: number;
  readonly intervalMs: number;
}

/** Notes an advert. Priority 0 means that its sender has let go (RFC 9568 section 5.2.4). */
export function heard(speakers: Speakers, advert: HeardAdvert, timing: Timing, nowMs: number): Speakers {
  const { from, winsTies, priority, intervalMs } = advert;
  const others = without(speakers, from);
  if (priority === 0) return others;
  const speaker = {
    priority,
    winsTies,
    lastAtMs: nowMs,
    downAtMs: nowMs + downIntervalMs(priority, intervalMs, timing),
  };
  return { ...newest(others, MAX_SPEAKERS - 1), [from]: speaker };
}

/** Forgets the speakers whose Active_Down_Interval is over. The same object when nothing changed. */
export function forgetSilent(speakers: Speakers, nowMs: number): Speakers {
  const entries = Object.entries(speakers);
  const alive = entries.filter(([, speaker]) => speaker.downAtMs > nowMs);
  return alive.length === entries.length ? speakers : Object.fromEntries(alive);
}

/** Whether some other node says that it has the VIP: clients meet a host that answers. */
export function someoneAnswers(speakers: Speakers): boolean {
  return Object.keys(speakers).length > 0;
}

/** Active_Down_Interval = 3 × Active_Adver_Interval + Skew_Time (RFC 9568 section 6.1). */
export function downIntervalMs(priority: number, intervalMs: number, timing: Timing): number {
  return 3 * intervalMs + skewMs(priority, intervalMs, timing);
}

/** Skew_Time: the higher the priority, the sooner (RFC 9568 section 6.1; RFC 3768 section 6.1, where its unit is a second). */
export function skewMs(priority: number, intervalMs: number, { skewUnitMs }: Timing): number {
  return ((256 - priority) * (skewUnitMs ?? intervalMs)) / 256;
}

function without(speakers: Speakers, from: string): Speakers {
  return Object.fromEntries(Object.entries(speakers).filter(([source]) => source !== from));
}

function newest(speakers: Speakers, count: number): Speakers {
  const entries = Object.entries(speakers);
  if (entries.length <= count) return speakers;
  return Object.fromEntries(entries.sort(([, a], [, b]) => b.lastAtMs - a.lastAtMs).slice(0, count));
}
