/** Capture files as tcpdump and Wireshark read them: pcap, version 2.4, with nanoseconds (draft-ietf-opsawg-pcap). */
import { concatBytes, viewOf } from "../wire/bytes.js";

const MAGIC_NANOSECONDS = 0xa1b23c4d;
const LINKTYPE_ETHERNET = 1;
const SNAP_LENGTH = 0x40000;
const NS_PER_MS = 1_000_000n;
const NS_PER_S = 1_000_000_000n;

export function pcapHeader(): Uint8Array {
  const header = new Uint8Array(24);
  const view = viewOf(header);
  view.setUint32(0, MAGIC_NANOSECONDS);
  view.setUint16(4, 2);
  view.setUint16(6, 4);
  view.setUint32(16, SNAP_LENGTH);
  view.setUint32(20, LINKTYPE_ETHERNET);
  return header;
}

/** `wallMs`: milliseconds since the epoch, with fractions. The frame is written byte for byte. */
export function pcapRecord(frame: Uint8Array, wallMs: number): Uint8Array {
  const wholeMs = Math.floor(wallMs);
  const ns = BigInt(wholeMs) * NS_PER_MS + BigInt(Math.floor((wallMs - wholeMs) * 1e6));
  const header = new Uint8Array(16);
  const view = viewOf(header);
  view.setUint32(0, Number(ns / NS_PER_S));
  view.setUint32(4, Number(ns % NS_PER_S));
  view.setUint32(8, frame.length);
  view.setUint32(12, frame.length);
  return concatBytes(header, frame);
}
