/**
 * Whether a signed advert is new, judged by the time and counter in its trailer. Pure: the clocks are arguments.
 *
 * An advert is timely when its time is near our wall clock, or when the sender's time has gone on since its last advert as
 * our monotonic clock has. So a step of our own clock costs nothing, nor one of the sender's to the right time; a sender is
 * only unheard while its clock is wrong and it is new to us. A timely advert must also be later than the last one.
 *
 * Only adverts with a good HMAC may come here: forged ones must neither move nor push out a mark.
 */
import type { AdvertTrailer } from "../wire/advert-trailer.js";

/** One instant on both clocks. */
export interface Instant {
  readonly wallMs: number;
  readonly monotonicMs: number;
}

export interface Timeliness {
  /** `stale`: far from our clock. `replayed`: not later than what was heard before. */
  readonly verdict: "new" | "stale" | "replayed";
  /** How far the sender's clock is ahead of ours, as far as the way of the packet lets us know. */
  readonly aheadMs: number;
}

interface Mark {
  readonly sequence: bigint;
  /** The sender's time in milliseconds. */
  readonly sentMs: number;
  /** The sender's time less our monotonic clock, of the advert that was on its way for the shortest time. */
  readonly leadMs: number;
}

/** The field for seconds has 32 bits. */
const WRAP_MS = 2 ** 32 * 1000;
/** Senders remembered; the one that was silent for longest is forgotten first. */
const MAX_SENDERS = 16;

export class ReplayWindow {
  readonly #marks = new Map<string, Mark>();

  judge(source: string, { sequence }: Pick<AdvertTrailer, "sequence">, windowMs: number, now: Instant): Timeliness {
    const sentMs = sentAtMs(sequence);
    const aheadMs = difference(sentMs, now.wallMs);
    const mark = this.#marks.get(source);
    const isNearClock = Math.abs(aheadMs) <= windowMs;
    const leadMs = sentMs - now.monotonicMs;
    const isInPace = mark !== undefined && Math.abs(difference(leadMs, mark.leadMs)) <= windowMs;
    if (!isNearClock && !isInPace) return { verdict: "stale", aheadMs };
    if (mark !== undefined && !isAfter(sequence, mark.sequence)) {
      // The mark of a clock that has been set back since: what it was set for is too far from our clock to be taken again.
      const isOutlived = isNearClock && Math.abs(difference(mark.sentMs, now.wallMs)) > windowMs;
      if (!isOutlived) return { verdict: "replayed", aheadMs };
    }
    // In pace alone, the shortest way counts: otherwise somebody could hold adverts back a little longer each time.
    const isHeldBack = !isNearClock && mark !== undefined && difference(leadMs, mark.leadMs) < 0;
    this.#remember(source, { sequence, sentMs, leadMs: isHeldBack ? mark.leadMs : leadMs });
    return { verdict: "new", aheadMs };
  }

  #remember(source: string, mark: Mark): void {
    // Deleted first, so that the order of the map is that of the last adverts.
    this.#marks.delete(source);
    this.#marks.set(source, mark);
    for (const oldest of this.#marks.keys()) {
      if (this.#marks.size <= MAX_SENDERS) return;
      this.#marks.delete(oldest);
    }
  }
}

/** Without the counter: seconds and their fraction. */
function sentAtMs(sequence: bigint): number {
  return (Number(sequence >> 16n) / 2 ** 16) * 1000;
}

/** The shorter way around the wrap of the seconds. */
function difference(aMs: number, bMs: number): number {
  const difference = (aMs - bMs) % WRAP_MS;
  return difference - WRAP_MS * Math.round(difference / WRAP_MS);
}

/** The order of RFC 1982, so that the field may wrap around. */
function isAfter(a: bigint, b: bigint): boolean {
  return BigInt.asIntN(64, a - b) > 0n;
}
