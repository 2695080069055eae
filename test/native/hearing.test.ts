/** What the sockets of the native network hear, and what they do not even get from the kernel. */
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";
import { advertFrame } from "../../lab/advert-frame.js";
import { compileFlooder } from "../../lab/flooder.js";
import type { Host } from "../../lab/host.js";
import { Lab } from "../../lab/network.js";
import { until } from "../../lab/wait.js";
import type { AdvertPacket } from "../../src/ports/network.js";
import { macAddress, parseMac } from "../../src/wire/addresses.js";
import { arpProbe, gratuitousReply, parseArp } from "../../src/wire/arp.js";
import { concatBytes } from "../../src/wire/bytes.js";
import { centis, priority, vrid } from "../../src/wire/units.js";
import { VRRP_GROUP, emitAdvert } from "../../src/wire/vrrp.js";
import { RemoteEngine, VIP, VRID, leases, listening } from "./remote-engine.js";

const VIP6 = "fd09::100";
const STRANGER = macAddress("02:00:00:00:00:99");

describe("the sockets", () => {
  let lab: Lab;
  let one: Host;
  let two: Host;
  let hearer: RemoteEngine;
  let peer: RemoteEngine;

  before(async () => {
    lab = await Lab.create([
      { name: "one", addresses: ["10.9.0.1/24"] },
      { name: "two", addresses: ["10.9.0.2/24"] },
    ]);
    [one, two] = [lab.host("one"), lab.host("two")];
  });

  after(async () => {
    await lab.close();
  });

  beforeEach(async () => {
    [hearer, peer] = await Promise.all([RemoteEngine.start(one), RemoteEngine.start(two)]);
  });

  afterEach(async () => {
    await Promise.all([hearer.close(), peer.close()]);
  });

  /** Sends a frame that the hearer must hear, and returns all that it heard up to then. */
  const framesUpTo = async (last: Uint8Array): Promise<readonly Uint8Array[]> => {
    await peer.give({ kind: "sendFrames", ifIndex: peer.link.ifIndex, frames: [last] });
    const isLast = (frame: Uint8Array): boolean => Buffer.compare(frame, last) === 0;
    await until("the last frame", () => hearer.of("neighborFrame").some(({ frame }) => isLast(frame)));
    return hearer.of("neighborFrame").map(({ frame }) => frame);
  };

  /** The EtherTypes that packet sockets of the host are bound to: the kernel runs their filters on nothing else. */
  const boundTo = async (): Promise<readonly string[]> => {
    const [, ...lines] = (await one.exec("cat", ["/proc/net/packet"])).stdout.trim().split("\n");
    return lines.flatMap((line) => line.trim().split(/\s+/)[3] ?? []).sort();
  };

  it("get ARP alone, and IPv6 only for an IPv6 VIP", async () => {
    await hearer.listen();
    assert.deepEqual(await boundTo(), ["0806"]);
    await hearer.listen({ families: ["ipv4", "ipv6"], vips: [VIP, VIP6] });
    assert.deepEqual(await boundTo(), ["0806", "86dd"]);
    await hearer.listen({ families: ["ipv6"], vips: [VIP6] });
    assert.deepEqual(await boundTo(), ["86dd"]);
    await hearer.listen({ vips: [] });
    assert.deepEqual(await boundTo(), []);
  });

  it("do not take a frame of another VLAN for one of this segment", async () => {
    await hearer.listen();
    const reply = gratuitousReply(VIP, STRANGER);
    // IEEE 802.1Q: VLAN 7, between the addresses and the EtherType.
    const tagged = concatBytes(reply.subarray(0, 12), Uint8Array.of(0x81, 0x00, 0x00, 0x07), reply.subarray(12));
    await peer.give({ kind: "sendFrames", ifIndex: peer.link.ifIndex, frames: [tagged] });
    const mark = gratuitousReply(VIP, parseMac(peer.mac)!);
    assert.deepEqual(await framesUpTo(mark), [mark]);
  });

  it("hear no frame to another host, though the interface is promiscuous", async () => {
    await hearer.listen();
    await one.exec("ip", ["link", "set", "dev", "eth0", "promisc", "on"]);
    const toAnother = gratuitousReply(VIP, parseMac(peer.mac)!);
    toAnother.set([0x02, 0, 0, 0, 0, 0x55], 0);
    await peer.give({ kind: "sendFrames", ifIndex: peer.link.ifIndex, frames: [toAnother] });
    const mark = gratuitousReply(VIP, parseMac(peer.mac)!);
    assert.deepEqual(await framesUpTo(mark), [mark]);
    await one.exec("ip", ["link", "set", "dev", "eth0", "promisc", "off"]);
  });

  it("hear no advert before they are told to listen", async () => {
    // The resignation of a left-over needs a socket, though nobody listens.
    await hearer.give({ kind: "sendAdverts", ifIndex: hearer.link.ifIndex, adverts: [advert("10.9.0.1", "10.9.0.2")] });
    const sent = await peer.give({
      kind: "sendAdverts",
      ifIndex: peer.link.ifIndex,
      adverts: [advert("10.9.0.2", "10.9.0.1")],
    });
    assert.equal(sent.failure, null);
    await hearer.listen({ multicast: false });
    await peer.give({ kind: "sendAdverts", ifIndex: peer.link.ifIndex, adverts: [advert("10.9.0.2", "10.9.0.1", 7)] });
    await until("an advert", () => hearer.of("advert").length > 0);
    assert.deepEqual(hearer.priorities(), [7]);
  });

  it("join the group of VRRP, and leave it when it is not needed any more", async () => {
    const groups = async (): Promise<string> => (await one.exec("ip", ["maddress", "show", "dev", "eth0"])).stdout;
    await hearer.listen({ families: ["ipv4", "ipv6"] });
    assert.match(await groups(), /inet +224\.0\.0\.18\n/);
    assert.match(await groups(), /inet6 ff02::12\n/);
    await hearer.listen({ multicast: false, families: ["ipv4", "ipv6"] });
    assert.doesNotMatch(await groups(), /224\.0\.0\.18|ff02::12/);
    assert.equal((await hearer.listen({ families: ["ipv4", "ipv6"] })).failure, null, "and join again");
    assert.match(await groups(), /inet +224\.0\.0\.18\n/);
    await hearer.give({ kind: "unlisten", ifIndex: hearer.link.ifIndex });
    assert.doesNotMatch(await groups(), /224\.0\.0\.18|ff02::12/);
  });

  it("hear the answer to an ARP probe, which changes no neighbour's cache", async () => {
    await hearer.listen();
    await peer.takeOver(leases(20_000));
    await one.exec("ip", ["neigh", "flush", "dev", "eth0"]);
    await two.exec("ip", ["neigh", "flush", "dev", "eth0"]);
    await until("the announcements", () => hearer.of("neighborFrame").length >= 2);
    const before = hearer.of("neighborFrame").length;
    const probe = arpProbe(VIP, parseMac(hearer.mac)!);
    await hearer.give({ kind: "sendFrames", ifIndex: hearer.link.ifIndex, frames: [probe] });
    const answer = await until("the answer", () => hearer.of("neighborFrame")[before] ?? null);
    const parsed = parseArp(answer.frame);
    assert.ok(parsed.ok);
    assert.deepEqual(
      { operation: parsed.arp.operation, mac: parsed.arp.senderMac, address: parsed.arp.senderAddress },
      { operation: "reply", mac: peer.mac, address: VIP },
    );
    assert.equal((await two.exec("ip", ["neigh", "show", "dev", "eth0"])).stdout, "");
    await peer.give({ kind: "release", holding: 1, resign: true });
  });

  it("pass a flood on in small portions, and tell what they left out", async () => {
    await hearer.listen();
    // More than the portion of a span, so fast that the last one has come before JavaScript has read the first.
    const frames = Array.from({ length: 2_000 }, () => gratuitousReply(VIP, STRANGER));
    for (let order = 0; order < 20; order += 1) {
      await peer.give({ kind: "sendFrames", ifIndex: peer.link.ifIndex, frames });
    }
    const mark = gratuitousReply(VIP, parseMac(peer.mac)!);
    await until("a frame after the flood", async () => {
      await peer.give({ kind: "sendFrames", ifIndex: peer.link.ifIndex, frames: [mark] });
      return hearer.of("neighborFrame").some(({ frame }) => Buffer.compare(frame, mark) === 0);
    });
    await until("what was left out", () => hearer.of("overflow").length > 0);
    const times = hearer.of("neighborFrame").map(({ atMs }) => atMs);
    // A burst of 512, and 1 each 5 ms.
    const busiest = Math.max(...times.map((from) => times.filter((at) => at >= from && at < from + 40).length));
    assert.ok(busiest <= 521, `${busiest} frames in 40 ms`);
    assert.ok(times.length >= 500);
  });

  it("are read some hundred times a second in a flood, and what comes then is heard all the same", async () => {
    await hearer.listen();
    const flooder = await compileFlooder(two.directory);
    const wakeUps = ioThreadWakeUps(hearer.process.pid);
    const sent = 20_000;
    const { code, stderr } = await two.exec(flooder, ["eth0", "20000", "1", hexOf(forged("10.9.0.3", 200))]);
    assert.equal(code, 0, stderr);
    // A socket that was left resting would hear nothing any more.
    await peer.give({ kind: "sendFrames", ifIndex: peer.link.ifIndex, frames: [forged("10.9.0.2", 7)] });
    await until("an advert after the flood", () => hearer.priorities().includes(7));
    const woken = ioThreadWakeUps(hearer.process.pid) - wakeUps;
    assert.ok(woken < sent / 10, `${woken} times for ${sent} adverts`);
    await until("the tale of most of them", async () => {
      await peer.give({ kind: "sendFrames", ifIndex: peer.link.ifIndex, frames: [forged("10.9.0.2", 8)] });
      const leftOut = hearer.of("overflow").reduce((sum, { dropped }) => sum + dropped, 0);
      return leftOut + hearer.priorities().filter((value) => value === 200).length > sent / 2;
    });
  });

  it("hear a peer that they know, however many strangers speak on its router ID", async () => {
    await hearer.listen();
    const sendFrames = async (frames: readonly Uint8Array[]): Promise<void> => {
      await peer.give({ kind: "sendFrames", ifIndex: peer.link.ifIndex, frames });
    };
    const known = "10.9.0.2";
    await sendFrames([forged(known, 1), forged(known, 2)]);
    await until("the peer", () => hearer.priorities().includes(2));
    // Of all senders that the kernel lets pass on this segment; in small batches, which a socket's buffer can take.
    for (let batch = 0; batch < 100; batch += 1) {
      const strangers = Array.from({ length: 50 }, (_, index) =>
        forged(`10.9.0.${3 + ((batch * 50 + index) % 250)}`, 200),
      );
      await sendFrames([...strangers, ...(batch % 15 === 0 ? [forged(known, 100 + batch)] : [])]);
    }
    await until("the last of the peer", () => hearer.priorities().includes(190));
    assert.deepEqual(
      hearer.priorities().filter((value) => value >= 100 && value !== 200),
      [100, 115, 130, 145, 160, 175, 190],
    );
    await until("what was left out", async () => {
      // It is told with what passes.
      await sendFrames([forged(known, 3)]);
      return hearer.of("overflow").length > 0;
    });
  });

  it("hear a sender as often as adverts may come, and no more", async () => {
    await hearer.listen();
    const frames = Array.from({ length: 100 }, () => forged("10.9.0.2", 200));
    await peer.give({ kind: "sendFrames", ifIndex: peer.link.ifIndex, frames });
    await until("what was left out", () => hearer.of("overflow").length > 0);
    const times = hearer.of("advert").map(({ atMs }) => atMs);
    // A burst of 50, and 4 in 20 ms.
    const busiest = Math.max(...times.map((from) => times.filter((at) => at >= from && at < from + 20).length));
    assert.ok(busiest >= 50 && busiest <= 55, `${busiest} adverts in 20 ms`);
  });

  it("are opened for a VLAN or a macvlan as for any other interface", async () => {
    await one.exec("ip", ["link", "add", "link", "eth0", "name", "sub0", "up", "type", "macvlan", "mode", "bridge"]);
    await one.exec("ip", ["address", "add", "10.9.0.3/24", "dev", "sub0"]);
    const sub = await until(
      "it is told",
      () => hearer.of("link").find(({ link }) => link.name === "sub0")?.link ?? null,
    );
    assert.equal((await hearer.give({ kind: "listen", listening: listening(sub.ifIndex, {}) })).failure, null);
    await peer.takeOver(leases(20_000));
    await until("adverts and ARP", () => hearer.of("advert").length > 0 && hearer.of("neighborFrame").length >= 2);
    assert.ok(hearer.of("advert").every(({ ifIndex }) => ifIndex === sub.ifIndex));
    await peer.give({ kind: "release", holding: 1, resign: true });
    await one.exec("ip", ["link", "del", "dev", "sub0"]);
  });
});

/** How often the network thread of a process has waited for something to do. */
function ioThreadWakeUps(pid: number): number {
  const status = readdirSync(`/proc/${pid}/task`)
    .map((thread) => readFileSync(`/proc/${pid}/task/${thread}/status`, "utf8"))
    .find((text) => text.startsWith("Name:\tpgvip-io\n"));
  return Number(/^voluntary_ctxt_switches:\t(\d+)$/m.exec(status ?? "")?.[1]);
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

/** Without the help of a socket: it comes from whatever address. */
function forged(source: string, value: number): Uint8Array {
  const { pdu, destination } = advert(source, VRRP_GROUP.ipv4, value);
  return advertFrame(pdu, { source, destination });
}

function advert(source: string, destination: string, value = 100): AdvertPacket {
  const record = {
    kind: "v3",
    family: "ipv4",
    vrid: vrid(VRID),
    priority: priority(value),
    interval: centis(100),
    addresses: [VIP],
  } as const;
  const pdu = emitAdvert(record, { source, destination }, { checksum: "pseudoHeader" });
  return { family: "ipv4", source, destination, pdu };
}
