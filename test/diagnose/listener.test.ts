/** The alarms of `pgvip listen`: what is one, and above all what is none. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Sighting, readFrame } from "../../src/diagnose/frames.js";
import { type AlarmCode, Listener } from "../../src/diagnose/listener.js";
import { macAddress } from "../../src/wire/addresses.js";
import { arpProbe, gratuitousRequest } from "../../src/wire/arp.js";
import { unsolicitedAdvertisement } from "../../src/wire/ndisc.js";
import { centis, priority, vrid } from "../../src/wire/units.js";

const A = macAddress("02:00:00:00:00:0a");
const B = macAddress("02:00:00:00:00:0b");
const VIP = "10.0.0.100";

function advert(source: string, prio: number, id = 51): Sighting {
  return {
    kind: "advert",
    mac: A,
    header: { family: "ipv4", source, destination: "224.0.0.18", ttl: 255 },
    advert: {
      kind: "v3",
      family: "ipv4",
      vrid: vrid(id),
      priority: priority(prio),
      interval: centis(10),
      addresses: [VIP],
    },
    checksumForm: "pseudoHeader",
    keyId: null,
  };
}

function sighting(frame: Uint8Array): Sighting {
  const read = readFrame(frame);
  assert.ok(read !== null);
  return read;
}

function alarms(
  heard: readonly (readonly [atMs: number, sighting: Sighting])[],
  expected = { vips: [VIP], routerIds: [51] },
): readonly AlarmCode[] {
  const listener = new Listener(expected);
  return heard.flatMap(([atMs, one]) => listener.hear(one, atMs)?.alarms.map(({ code }) => code) ?? []);
}

describe("two holders", () => {
  it("are two that announce at full right at the same time", () => {
    assert.deepEqual(
      alarms([
        [0, advert("10.0.0.1", 254)],
        [50, advert("10.0.0.2", 254)],
      ]),
      ["two-holders"],
    );
  });

  it("are not a holder that lets go, or resigns, and the next one", () => {
    assert.deepEqual(
      alarms([
        [0, advert("10.0.0.1", 254)],
        [50, advert("10.0.0.1", 1)],
        [60, advert("10.0.0.2", 254)],
        [61, advert("10.0.0.1", 0)],
      ]),
      [],
    );
  });

  it("are not a holder that has fallen silent and the next one", () => {
    assert.deepEqual(
      alarms([
        [0, advert("10.0.0.1", 254)],
        [400, advert("10.0.0.2", 254)],
      ]),
      [],
    );
  });

  it("are not the holders of two groups", () => {
    assert.deepEqual(
      alarms(
        [
          [0, advert("10.0.0.1", 254)],
          [50, advert("10.0.0.2", 254, 52)],
        ],
        { vips: [], routerIds: [] },
      ),
      [],
    );
  });

  it("are two MACs that take turns for one address, over ARP and ND", () => {
    for (const [address, frame] of [
      [VIP, gratuitousRequest],
      ["fd00::100", (ip: string, mac: typeof A) => unsolicitedAdvertisement(ip, mac, "host")],
    ] as const) {
      const turns = [A, B, A].map((mac, index) => [index * 100, sighting(frame(address, mac))] as const);
      assert.deepEqual(alarms(turns, { vips: [address], routerIds: [] }), ["two-holders"], address);
    }
  });

  it("are not a hand-over from one MAC to another, however often it is announced", () => {
    const claims = [A, A, B, B, B].map((mac, index) => [index * 100, sighting(gratuitousRequest(VIP, mac))] as const);
    assert.deepEqual(alarms(claims), []);
  });

  it("are not a hand-over and one back, an hour later", () => {
    const claims = [A, B, A].map((mac, index) => [index * 3_600_000, sighting(gratuitousRequest(VIP, mac))] as const);
    assert.deepEqual(alarms(claims), []);
  });
});

it("an unknown router ID is one that was not named, if any was", () => {
  assert.deepEqual(alarms([[0, advert("10.0.0.1", 254, 52)]]), ["unknown-router-id"]);
  assert.deepEqual(alarms([[0, advert("10.0.0.1", 254, 52)]], { vips: [], routerIds: [] }), []);
});

it("what is about other addresses is not shown, and once adverts told the VIPs nothing else is", () => {
  const other = sighting(arpProbe("10.0.0.7", A));
  assert.equal(new Listener({ vips: [VIP], routerIds: [] }).hear(other, 0), null);
  const learning = new Listener({ vips: [], routerIds: [] });
  assert.notEqual(learning.hear(other, 0), null);
  learning.hear(advert("10.0.0.1", 254), 0);
  assert.equal(learning.hear(other, 0), null);
  assert.notEqual(learning.hear(sighting(arpProbe(VIP, A)), 0), null);
});

it("frames that are none of ours, or nothing at all, do no harm", () => {
  for (let length = 0; length < 60; length += 1) readFrame(new Uint8Array(length));
  assert.equal(readFrame(new Uint8Array(60)), null);
});
