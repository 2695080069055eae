/** What we emit, read by Wireshark's decoder. Needs tshark, and fails without it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { addressBytes } from "../../src/wire/addresses.js";
import { arpProbe, gratuitousReply, gratuitousRequest, whoHasClient } from "../../src/wire/arp.js";
import { emitIpv4, IP_PROTOCOL } from "../../src/wire/ipv4.js";
import { emitIpv6 } from "../../src/wire/ipv6.js";
import { neighborProbe, solicitClient, unsolicitedAdvertisement } from "../../src/wire/ndisc.js";
import { emitAdvert } from "../../src/wire/vrrp.js";
import { ipv4, ipv6, mac, record, sentAdvert, type Sent } from "./arbitraries.js";
import { hex, patched } from "./bytes.js";
import { decode } from "./tshark.js";

/** Wireshark's word for a right checksum. */
const GOOD = "1";
const BAD = "0";

/** The same packets in each run; the seed is arbitrary. */
function sample<Value>(arbitrary: fc.Arbitrary<Value>, count: number): readonly Value[] {
  return fc.sample(arbitrary, { numRuns: count, seed: 9568 });
}

function packetOf({ advert, source, destination }: Sent): Uint8Array {
  const payload = emitAdvert(advert, { source, destination }, { checksum: "pseudoHeader" });
  if (advert.family === "ipv6") {
    return emitIpv6({ source, destination, nextHeader: IP_PROTOCOL.vrrp, hopLimit: 255, payload });
  }
  return emitIpv4({ source, destination, protocol: IP_PROTOCOL.vrrp, ttl: 255, trafficClass: 0xc0, payload });
}

test("tshark reads our adverts as we meant them", () => {
  const sent = sample(sentAdvert, 60);
  assert.deepEqual(
    new Set(sent.map(({ advert }) => advert.kind + advert.family)),
    new Set(["v2ipv4", "v3ipv4", "v3ipv6"]),
  );
  const fields = [
    ...["vrrp.checksum.status", "vrrp.version", "vrrp.type", "vrrp.virt_rtr_id", "vrrp.prio", "vrrp.addr_count"],
    ...["vrrp.adver_int", "vrrp.short_adver_int", "vrrp.auth_type", "vrrp.ip_addr", "vrrp.ipv6_addr", "_ws.malformed"],
  ];
  const read = decode("ip", sent.map(packetOf), fields);
  assert.equal(read.length, sent.length);
  for (const [index, { advert }] of sent.entries()) {
    const count = advert.addresses.length;
    const common = [advert.vrid, advert.priority, count].map(String);
    const intervals = advert.kind === "v2" ? [String(advert.interval), ""] : ["", String(advert.interval)];
    const authentication = advert.kind === "v3" ? "" : advert.authentication.kind === "none" ? "0" : "1";
    const addresses = advert.family === "ipv4" ? [...advert.addresses] : advert.addresses.map(inUrl);
    const version = advert.kind === "v2" ? "2" : "3";
    const [ipv4List = "", ipv6List = "", malformed] = (read[index] ?? []).slice(9);
    assert.deepEqual(
      [...(read[index] ?? []).slice(0, 9), listed(ipv4List).concat(listed(ipv6List).map(inUrl)), malformed],
      [GOOD, version, "1", ...common, ...intervals, authentication, addresses, ""],
    );
  }
});

test("tshark checks the checksums it is asked about", () => {
  const sound = sample(sentAdvert, 5).map(packetOf);
  const damaged = sound.map((packet) => patched(packet, { [packet.length - 1]: (packet.at(-1) ?? 0) ^ 1 }));
  const status = decode("ip", damaged, ["vrrp.checksum.status"]);
  assert.deepEqual(
    status,
    sound.map(() => [BAD]),
  );
});

test("tshark finds the IPv4 header's checksum right", () => {
  const packets = sample(sentAdvert, 30).filter(({ advert }) => advert.family === "ipv4");
  const status = decode("ip", packets.map(packetOf), ["ip.checksum.status", "ip.ttl", "ip.dsfield"]);
  assert.deepEqual(
    status,
    packets.map(() => [GOOD, "255", "0xc0"]),
  );
});

const host = record({ address: ipv4.filter((text) => !text.startsWith("0.")), mac });
const host6 = record({ address: ipv6.filter((text) => !/^(::|ff)/.test(text)), mac });

test("tshark reads our ARP frames as we meant them", () => {
  const fields = [
    ...[
      "eth.dst",
      "eth.src",
      "arp.opcode",
      "arp.src.hw_mac",
      "arp.src.proto_ipv4",
      "arp.dst.hw_mac",
      "arp.dst.proto_ipv4",
    ],
    ...["arp.isgratuitous", "arp.isprobe", "arp.isannouncement"],
  ];
  const [broadcast, zero] = ["ff:ff:ff:ff:ff:ff", "00:00:00:00:00:00"];
  for (const [vip, client] of sample(fc.tuple(host, host), 3)) {
    const read = decode(
      "ethernet",
      [
        gratuitousRequest(vip.address, vip.mac),
        gratuitousReply(vip.address, vip.mac),
        arpProbe(vip.address, vip.mac),
        whoHasClient(client, vip),
      ],
      fields,
    );
    assert.deepEqual(read, [
      [broadcast, vip.mac, "1", vip.mac, vip.address, zero, vip.address, "1", "", "1"],
      [broadcast, vip.mac, "2", vip.mac, vip.address, vip.mac, vip.address, "1", "", ""],
      [broadcast, vip.mac, "1", vip.mac, "0.0.0.0", zero, vip.address, "", "1", ""],
      [client.mac, vip.mac, "1", vip.mac, vip.address, zero, client.address, "", "", ""],
    ]);
  }
});

test("tshark reads our neighbor discovery frames as we meant them", () => {
  const fields = [
    ...["eth.dst", "ipv6.src", "ipv6.dst", "ipv6.hlim", "icmpv6.type", "icmpv6.checksum.status"],
    ...["icmpv6.nd.na.flag.r", "icmpv6.nd.na.flag.s", "icmpv6.nd.na.flag.o"],
    ...["icmpv6.nd.na.target_address", "icmpv6.nd.ns.target_address"],
    ...["icmpv6.opt.target_linkaddr", "icmpv6.opt.src_linkaddr", "_ws.malformed"],
  ];
  for (const [vip, client] of sample(fc.tuple(host6, host6), 3)) {
    const [high = 0, middle = 0, low = 0] = addressBytes(vip.address).subarray(13);
    const group = inUrl(`ff02::1:${(0xff00 | high).toString(16)}:${((middle << 8) | low).toString(16)}`);
    const groupMac = hex(Uint8Array.of(0x33, 0x33, 0xff, high, middle, low)).replaceAll(/..(?=.)/g, "$&:");
    const read = decode(
      "ethernet",
      [
        unsolicitedAdvertisement(vip.address, vip.mac, "host"),
        unsolicitedAdvertisement(vip.address, vip.mac, "router"),
        solicitClient(client, vip),
        neighborProbe(vip.address, vip.mac),
      ],
      fields,
    );
    const advertised = ["0", "1", vip.address, "", vip.mac, "", ""];
    const [toAll, allMac] = ["ff02::1", "33:33:00:00:00:01"];
    assert.deepEqual(read, [
      [allMac, vip.address, toAll, "255", "136", GOOD, "0", ...advertised],
      [allMac, vip.address, toAll, "255", "136", GOOD, "1", ...advertised],
      [client.mac, vip.address, client.address, "255", "135", GOOD, "", "", "", "", client.address, "", vip.mac, ""],
      [groupMac, "::", group, "255", "135", GOOD, "", "", "", "", vip.address, "", "", ""],
    ]);
  }
});

function listed(text: string): readonly string[] {
  return text === "" ? [] : text.split(",");
}

/** The form that URLs have: Wireshark writes some IPv6 addresses in mixed notation, we others. */
function inUrl(address: string): string {
  return new URL(`http://[${address}]/`).hostname.slice(1, -1);
}
