/**
 * How each sender of adverts to a group speaks: what no decision depends on, and a person who looks for a fault wants to
 * know. Bounded, because senders can be forged.
 */
import type { NetworkEvent } from "../ports/network.js";
import type { ChecksumForm, ParsedAdvert } from "../wire/vrrp.js";

type Sound = ParsedAdvert & { readonly ok: true };
type AdvertEvent = NetworkEvent & { readonly kind: "advert" };

export interface PeerNote {
  readonly version: 2 | 3;
  /** `null` where there is only one form: VRRPv2, and IPv6. */
  readonly checksum: ChecksumForm | null;
  readonly intervalMs: number;
  readonly adverts: number;
  /** Of the key that the last advert was signed with; `null` when it was not. */
  readonly keyId: number | null;
  /** How far the sender's clock is ahead of ours, by the time in its signature. */
  readonly aheadMs: number | null;
  /** The last one. */
  readonly advert: AdvertEvent;
}

/** Senders remembered; the one that was silent for longest is forgotten first. */
const MAX_PEERS = 16;

/** Adverts that were listened to, of whatever sender. */
export interface HeardAdverts {
  readonly all: number;
  /** Of priority 0: another holder gave up. */
  readonly resignations: number;
}

export class PeerBook {
  readonly #notes = new Map<string, PeerNote>();
  #heard: HeardAdverts = { all: 0, resignations: 0 };

  get heard(): HeardAdverts {
    return this.#heard;
  }

  note(event: AdvertEvent, { advert, checksumForm, trailer }: Sound, aheadMs: number | null): void {
    const { source, untold } = event;
    const { all, resignations } = this.#heard;
    this.#heard = { all: all + untold + 1, resignations: resignations + (advert.priority === 0 ? 1 : 0) };
    const adverts = (this.#notes.get(source)?.adverts ?? 0) + untold + 1;
    const hasChoice = advert.kind === "v3" && advert.family === "ipv4";
    // Deleted first, so that the order of the map is that of the last adverts.
    this.#notes.delete(source);
    this.#notes.set(source, {
      version: advert.kind === "v3" ? 3 : 2,
      checksum: hasChoice ? checksumForm : null,
      intervalMs: advert.kind === "v3" ? advert.interval * 10 : advert.interval * 1000,
      adverts,
      keyId: trailer?.keyId ?? null,
      aheadMs,
      advert: event,
    });
    for (const oldest of this.#notes.keys()) {
      if (this.#notes.size <= MAX_PEERS) return;
      this.#notes.delete(oldest);
    }
  }

  /** Adverts that came and were not told. */
  count(source: string, untold: number): void {
    const note = this.#notes.get(source);
    this.#heard = { ...this.#heard, all: this.#heard.all + untold };
    if (note !== undefined) this.#notes.set(source, { ...note, adverts: note.adverts + untold });
  }

  of(source: string): PeerNote | null {
    return this.#notes.get(source) ?? null;
  }
}
