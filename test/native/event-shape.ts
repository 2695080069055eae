/**
 * What each event of the addon has to look like, field by field. src/addon.ts takes events as they come, for speed; here
 * every event of every native test is held against the types of src/ports/network.ts.
 */
import * as v from "valibot";
import type { NetworkEvent } from "../../src/ports/network.js";

const bytes = v.instance(Uint8Array);
const count = v.pipe(v.number(), v.integer(), v.minValue(0));
const instant = v.pipe(v.number(), v.minValue(0));
const family = v.picklist(["ipv4", "ipv6"]);
const change = v.picklist(["present", "gone"]);
const failure = v.strictObject({
  call: v.pipe(v.string(), v.minLength(1)),
  errno: v.pipe(v.string(), v.regex(/^E[A-Z0-9]+$/)),
  detail: v.string(),
});
const link = v.strictObject({
  ifIndex: count,
  name: v.string(),
  up: v.boolean(),
  carrier: v.boolean(),
  loopback: v.boolean(),
  mac: bytes,
  mtu: count,
});
const address = v.strictObject({
  ifIndex: count,
  family,
  address: v.pipe(v.string(), v.ip()),
  prefixLength: v.pipe(count, v.maxValue(128)),
  label: v.string(),
  flags: count,
  validSeconds: v.nullable(count),
  scope: v.pipe(count, v.maxValue(255)),
});
const times = v.strictObject({
  startedAtMs: instant,
  addressAtMs: instant,
  announcedAtMs: instant,
  advertisedAtMs: instant,
});
const atMs = instant;

const networkEvent: v.GenericSchema<unknown, NetworkEvent> = v.variant("kind", [
  v.strictObject({
    kind: v.literal("done"),
    atMs,
    order: count,
    failure: v.nullable(failure),
    times: v.nullable(times),
    socketsDestroyed: count,
    answer: v.nullable(bytes),
    sentAtMs: v.nullable(instant),
  }),
  v.strictObject({
    kind: v.literal("advert"),
    atMs,
    untold: count,
    ifIndex: count,
    family,
    source: v.pipe(v.string(), v.ip()),
    destination: v.pipe(v.string(), v.ip()),
    ttl: count,
    pdu: bytes,
  }),
  v.strictObject({
    kind: v.literal("advertsCeased"),
    atMs,
    ifIndex: count,
    family,
    source: v.pipe(v.string(), v.ip()),
    routerId: v.pipe(count, v.maxValue(255)),
    untold: count,
  }),
  v.strictObject({ kind: v.literal("neighborFrame"), atMs, ifIndex: count, frame: bytes }),
  v.strictObject({ kind: v.literal("link"), atMs, change, link }),
  v.strictObject({ kind: v.literal("address"), atMs, change, address }),
  v.strictObject({
    kind: v.literal("snapshot"),
    atMs,
    reason: v.picklist(["start", "asked", "overrun"]),
    links: v.array(link),
    addresses: v.array(address),
  }),
  v.strictObject({
    kind: v.literal("leaseEnded"),
    atMs,
    holding: count,
    leaseUntilMs: v.number(),
    silent: v.boolean(),
    socketsDestroyed: count,
    failure: v.nullable(failure),
  }),
  v.strictObject({ kind: v.literal("trouble"), atMs, failure, count }),
  v.strictObject({ kind: v.literal("suspended"), atMs, forMs: v.number() }),
  v.strictObject({ kind: v.literal("overflow"), atMs, dropped: count }),
]);

/** Throws when it is no event, or has a field too many or too few. */
export function parseEvent(value: unknown): NetworkEvent {
  return v.parse(networkEvent, value);
}
