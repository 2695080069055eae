/** Random values of the wire's types, for property tests. */
import fc from "fast-check";
import { formatAddress, formatMac, type Family, type MacAddress } from "../../src/wire/addresses.js";
import { centis, priority, seconds, vrid } from "../../src/wire/units.js";
import type { Advert, AdvertV2, AdvertV3, ChecksumForm } from "../../src/wire/vrrp.js";

/** `fc.record`, but its values are objects as code makes them, with a prototype: strict equality looks at that. */
export function record<Value extends object>(fields: {
  [Key in keyof Value]: fc.Arbitrary<Value[Key]>;
}): fc.Arbitrary<Value> {
  return fc.record(fields).map((value) => ({ ...value }));
}

export function bytesOf(length: number): fc.Arbitrary<Uint8Array> {
  return fc.uint8Array({ minLength: length, maxLength: length });
}

export const anyBytes: fc.Arbitrary<Uint8Array> = fc.uint8Array({ maxLength: 120 });

export const mac: fc.Arbitrary<MacAddress> = bytesOf(6).map(formatMac);
export const ipv4: fc.Arbitrary<string> = bytesOf(4).map(formatAddress);

/** Groups of zeros are frequent, so that "::" has something to do. */
export const ipv6Bytes: fc.Arbitrary<Uint8Array> = fc
  .array(fc.oneof(fc.constant(0), fc.nat({ max: 0xffff })), { minLength: 8, maxLength: 8 })
  .map((groups) => Uint8Array.from(groups.flatMap((group) => [group >>> 8, group & 0xff])));

export const ipv6: fc.Arbitrary<string> = ipv6Bytes.map(formatAddress);

export function address(family: Family): fc.Arbitrary<string> {
  return family === "ipv4" ? ipv4 : ipv6;
}

const common = {
  vrid: fc.integer({ min: 1, max: 255 }).map(vrid),
  priority: fc.integer({ min: 0, max: 255 }).map(priority),
};

function addresses(family: Family): fc.Arbitrary<readonly string[]> {
  return fc.oneof(
    fc.array(address(family), { minLength: 1, maxLength: 4 }),
    fc.array(address(family), { minLength: 250, maxLength: 255 }),
  );
}

function advertV3(family: Family): fc.Arbitrary<AdvertV3> {
  return record({
    kind: fc.constant("v3" as const),
    family: fc.constant(family),
    ...common,
    interval: fc.integer({ min: 1, max: 4095 }).map(centis),
    addresses: addresses(family),
  });
}

const advertV2: fc.Arbitrary<AdvertV2> = record({
  kind: fc.constant("v2" as const),
  family: fc.constant("ipv4" as const),
  ...common,
  interval: fc.integer({ min: 1, max: 255 }).map(seconds),
  authentication: fc.oneof(
    fc.constant({ kind: "none" as const }),
    record({ kind: fc.constant("password" as const), bytes: bytesOf(8) }),
  ),
  addresses: addresses("ipv4"),
});

/** An advert with the endpoints of its IP header. */
export interface Sent<Kind extends Advert = Advert> {
  readonly advert: Kind;
  readonly source: string;
  readonly destination: string;
}

function sent<Kind extends Advert>(advert: fc.Arbitrary<Kind>, family: Family): fc.Arbitrary<Sent<Kind>> {
  return record({ advert, source: address(family), destination: address(family) });
}

export const sentV3OverIpv4 = sent(advertV3("ipv4"), "ipv4");
export const sentV3OverIpv6 = sent(advertV3("ipv6"), "ipv6");
export const sentAdvert: fc.Arbitrary<Sent> = fc.oneof(sentV3OverIpv4, sentV3OverIpv6, sent(advertV2, "ipv4"));

export const checksumForm: fc.Arbitrary<ChecksumForm> = fc.constantFrom("pseudoHeader", "pduOnly");
