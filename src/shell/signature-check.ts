/** Whether an advert is signed as the group asks for: by whom has the key, for this very virtual router, and just now. */
import { createHmac, timingSafeEqual } from "node:crypto";
import type { Family } from "../wire/addresses.js";
import { type AdvertTrailer, type Signatures, signedPart } from "../wire/advert-trailer.js";
import type { Instant, ReplayWindow } from "./replay-window.js";

/** In the order of the checks: the first that fails names the drop. */
export type SignatureRefusal =
  /** Not signed, where the group listens to signed adverts only. */
  | "unsigned"
  /** Signed, where the group has no keys. */
  | "signed"
  /** Signed with a key that the group does not have. */
  | "unknownKey"
  /** The HMAC is another one: another key with the same ID, or a forgery. */
  | "signature"
  /** Signed at a time that is far from ours. */
  | "stale"
  /** Heard before, or overtaken by a later one. */
  | "replayed";

export interface SignedPacket {
  readonly family: Family;
  readonly source: string;
  /** With its trailer. */
  readonly pdu: Uint8Array;
  readonly trailer: AdvertTrailer | null;
}

export type SignatureVerdict =
  | {
      readonly ok: true;
      /** How far the sender's clock is ahead; `null` without a signature. */
      readonly aheadMs: number | null;
      /** For people: what will become a refusal if nobody mends it. */
      readonly warning: string | null;
    }
  | { readonly ok: false; readonly reason: SignatureRefusal; readonly text: string };

const UNSIGNED: SignatureVerdict = { ok: true, aheadMs: null, warning: null };

/** `text` is for people, and has no secrets. Notes a signed advert that is taken in `replays`. */
export function checkSignature(
  { family, source, pdu, trailer }: SignedPacket,
  signatures: Signatures | null,
  replays: ReplayWindow,
  now: Instant,
): SignatureVerdict {
  if (signatures === null) {
    if (trailer === null) return UNSIGNED;
    return refused("signed", `${source} signs its adverts, and this node has no key (auth_keys)`);
  }
  if (trailer === null) {
    if (signatures.mode !== "enforce") return UNSIGNED;
    return refused("unsigned", `${source} does not sign its adverts`);
  }
  const id = String(trailer.keyId);
  const key = signatures.keys.find((one) => one.id === trailer.keyId);
  if (key === undefined) return refused("unknownKey", `${source} signs with key ${id}, which this node does not have`);
  const digest = createHmac("sha256", key.bytes).update(signedPart(pdu, { family, source })).digest();
  if (!timingSafeEqual(digest.subarray(0, trailer.hmac.length), trailer.hmac)) {
    return refused("signature", `the signature of ${source} is not that of key ${id}: another key, or a forgery`);
  }
  const { verdict, aheadMs } = replays.judge(source, trailer, signatures.windowSeconds * 1000, now);
  switch (verdict) {
    case "new":
      return { ok: true, aheadMs, warning: clockWarning(source, aheadMs, signatures) };
    case "stale":
      return refused("stale", `${source} signs with ${clockText(aheadMs)}: a clock is wrong, or it is a replay`);
    case "replayed":
      return refused("replayed", `an advert of ${source} was heard before, or is older than its last one`);
  }
}

/** From half of the window on: late enough to be no jitter, early enough to mend it before anybody is unheard. */
function clockWarning(source: string, aheadMs: number, { windowSeconds }: Signatures): string | null {
  if (Math.abs(aheadMs) <= windowSeconds * 500) return null;
  const limit = String(windowSeconds);
  return `${source} signs with ${clockText(aheadMs)}; with more than ${limit} s (auth_window) its adverts may be dropped`;
}

function refused(reason: SignatureRefusal, text: string): SignatureVerdict {
  return { ok: false, reason, text };
}

function clockText(aheadMs: number): string {
  return `a time ${String(Math.abs(Math.round(aheadMs / 1000)))} s ${aheadMs > 0 ? "ahead of" : "behind"} ours`;
}
