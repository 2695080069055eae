/**
 * The trailer that signs an advert: draft-cassen-vrrp-auth-hmac, as keepalived 2.4 sends it (`auth_hmac`).
 *
 *     0  scheme, 1: HMAC-SHA256 cut to 16 bytes
 *     1  key ID
 *     2  zero
 *     4  UTC seconds since 1970
 *     8  fraction of the second, in 1/65536
 *    10  counter of adverts within this fraction
 *    12  HMAC
 *
 * It stands behind the PDU, whatever its version and family. What is signed begins with a pseudo-header, which ties the
 * advert to its virtual router and sender; the checksum, which the IPv6 layer may write, does not count.
 */
import { addressBytes, type Family } from "./addresses.js";
import { concatBytes, viewOf } from "./bytes.js";

export const TRAILER_LENGTH = 28;

export interface AdvertTrailer {
  /** 0 to 255; nobody has a key 0. */
  readonly keyId: number;
  /** UTC seconds since 1970, modulo 2^32. */
  readonly seconds: number;
  /** Seconds, fraction and counter as one number, by which a sender's adverts are ordered. */
  readonly sequence: bigint;
  /** 16 bytes. */
  readonly hmac: Uint8Array;
}

/** A secret that the nodes of a virtual router share. */
export interface AdvertKey {
  /** 1 to 255. */
  readonly id: number;
  readonly bytes: Uint8Array;
}

/** What a group does about signatures. */
export interface Signatures {
  /** The first signs, all are accepted. */
  readonly keys: readonly [AdvertKey, ...AdvertKey[]];
  /**
   * `enforce`: adverts without a signature are dropped. To get there without deafness, `receive-only` signs nothing yet and
   * `permissive` signs, and both still listen to adverts without.
   */
  readonly mode: "enforce" | "permissive" | "receive-only";
  /** How far the nodes' clocks may be apart, and how long an advert can be on its way. */
  readonly windowSeconds: number;
}

const SCHEME_HMAC_SHA256 = 1;
const SEQUENCE_OFFSET = 4;
const HMAC_OFFSET = 12;
const HMAC_LENGTH = TRAILER_LENGTH - HMAC_OFFSET;
const CHECKSUM_OFFSET = 6;
const PSEUDO_HEADER_LENGTH = 20;

/** `null` when it is of another scheme, or has bits set that mean nothing yet. */
export function parseTrailer(bytes: Uint8Array): AdvertTrailer | null {
  const view = viewOf(bytes);
  if (bytes.length !== TRAILER_LENGTH || bytes[0] !== SCHEME_HMAC_SHA256 || view.getUint16(2) !== 0) return null;
  return {
    keyId: view.getUint8(1),
    seconds: view.getUint32(SEQUENCE_OFFSET),
    sequence: view.getBigUint64(SEQUENCE_OFFSET),
    hmac: bytes.slice(HMAC_OFFSET),
  };
}

/** A trailer whose sequence and HMAC are filled in when it is sent (native/advert_signer.cc). */
export function unsignedTrailer(keyId: number): Uint8Array {
  const bytes = new Uint8Array(TRAILER_LENGTH);
  bytes[0] = SCHEME_HMAC_SHA256;
  bytes[1] = keyId;
  return bytes;
}

/** What the HMAC of a signed advert is computed over. `whole` is the PDU with its trailer. */
export function signedPart(whole: Uint8Array, from: { readonly family: Family; readonly source: string }): Uint8Array {
  const pseudoHeader = new Uint8Array(PSEUDO_HEADER_LENGTH);
  pseudoHeader.set([from.family === "ipv4" ? 4 : 6, (whole[0] ?? 0) >>> 4, whole[1] ?? 0, 0]);
  pseudoHeader.set(addressBytes(from.source, from.family), 4);
  const pdu = whole.slice(0, whole.length - HMAC_LENGTH);
  pdu.fill(0, CHECKSUM_OFFSET, CHECKSUM_OFFSET + 2);
  return concatBytes(pseudoHeader, pdu, new Uint8Array(HMAC_LENGTH));
}
