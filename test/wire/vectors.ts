/** The packets of vectors/*.json, checked for their shape. */
import { readFileSync } from "node:fs";
import * as v from "valibot";
import { fromHex } from "./bytes.js";

const Hex = v.pipe(v.string(), v.transform(fromHex));

const VrrpVector = v.object({
  name: v.string(),
  valid: v.boolean(),
  family: v.picklist(["ipv4", "ipv6"]),
  src: v.string(),
  dst: v.string(),
  pdu_hex: Hex,
  ip_packet_hex: Hex,
  decoded: v.object({
    version: v.picklist([2, 3]),
    vrid: v.number(),
    priority: v.number(),
    addresses: v.array(v.string()),
    max_advert_int_cs: v.optional(v.number()),
    checksum_mode: v.optional(v.picklist(["pseudo-header", "pdu-only"])),
    auth_type: v.optional(v.picklist([0, 1])),
    auth_data_ascii: v.optional(v.string()),
    adver_int_s: v.optional(v.number()),
    ttl: v.optional(v.number(), 255),
    reserved: v.optional(v.number(), 0),
  }),
});

const FrameVector = v.object({ name: v.string(), frame_hex: Hex });

const SignedVector = v.object({
  name: v.string(),
  family: v.picklist(["ipv4", "ipv6"]),
  source: v.string(),
  destination: v.string(),
  key: Hex,
  pdu: Hex,
  trailer: Hex,
});

export const signedVectors = v.parse(v.pipe(v.array(SignedVector), v.nonEmpty()), read("signed-adverts"));

export type VrrpVector = v.InferOutput<typeof VrrpVector>;

export const vrrpVectors: readonly VrrpVector[] = ["vrrp-v2", "vrrp-v3-ipv4", "vrrp-v3-ipv6", "vrrp-reject"].flatMap(
  (name) => v.parse(v.pipe(v.array(VrrpVector), v.nonEmpty()), read(name)),
);

const frames = new Map(
  v.parse(v.array(FrameVector), read("neighbor-frames")).map(({ name, frame_hex }) => [name, frame_hex]),
);

export const frameNames: readonly string[] = [...frames.keys()];

export function frameVector(name: string): Uint8Array {
  const frame = frames.get(name);
  if (frame === undefined) throw new Error(`no frame named ${name} in neighbor-frames.json`);
  return frame;
}

function read(name: string): unknown {
  return JSON.parse(readFileSync(new URL(`vectors/${name}.json`, import.meta.url), "utf8"));
}
