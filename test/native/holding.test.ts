/** Holding a VIP through the native addon, between two hosts of the lab: real sockets, real netlink. */
import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";
import { type Host } from "../../lab/host.js";
import { Lab } from "../../lab/network.js";
import { labProgram } from "../../lab/process.js";
import { sleep, until } from "../../lab/wait.js";
import { formatMac, parseMac } from "../../src/wire/addresses.js";
import { arpProbe, parseArp } from "../../src/wire/arp.js";
import { Capture } from "./capture.js";
import { RemoteEngine, VIP, leases, listening, speech } from "./remote-engine.js";

describe("a holding", () => {
  let lab: Lab;
  let one: Host;
  let two: Host;
  let holder: RemoteEngine;
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
    [holder, peer] = await Promise.all([RemoteEngine.start(one), RemoteEngine.start(two)]);
    assert.equal((await peer.listen()).failure, null);
    assert.equal((await holder.listen()).failure, null);
  });

  afterEach(async () => {
    await Promise.all([holder.close(), peer.close()]);
    await one.exec("ip", ["address", "del", `${VIP}/24`, "dev", "eth0"]);
  });

  it("puts the address in, announces it and advertises it, in this order", async () => {
    const capture = await Capture.start(two, `vrrp or (arp and arp[14:4] == 0x0a090064)`);
    const { failure, times } = await holder.takeOver(leases(60_000));
    assert.equal(failure, null);
    assert.ok(times !== null);
    assert.ok(times.startedAtMs <= times.addressAtMs && times.addressAtMs <= times.announcedAtMs);
    assert.ok(times.announcedAtMs <= times.advertisedAtMs);
    const text = await holder.addresses();
    assert.match(
      text,
      /10\.9\.0\.100\/24 brd 10\.9\.0\.255 scope global secondary noprefixroute eth0:1\\ +valid_lft forever/,
    );
    await until("an advert", () => peer.of("advert").length > 0 && capture.lines.length >= 3);
    assert.deepEqual(
      peer.of("neighborFrame").map(({ frame }) => arpText(frame)),
      [`request ${holder.mac}`, `reply ${holder.mac}`],
    );
    const order = capture.lines.slice(0, 3).map((line) => /Request|Reply|VRRP/.exec(line)?.[0]);
    assert.deepEqual(order, ["Request", "Reply", "VRRP"]);
    await capture.close();
    const [advert] = peer.of("advert");
    assert.equal(advert?.ttl, 255);
    assert.equal(advert.source, "10.9.0.1");
    assert.equal(advert.destination, "224.0.0.18");
  });

  it("advertises on its cadence while the lease is renewed, and lets go when it is not", async () => {
    await holder.takeOver(leases(2_000));
    await sleep(1_000);
    // Nobody waits for the outcome, which is told with whatever is told next.
    void holder.give({ kind: "renew", holding: 1, ...leases(2_000) });
    await sleep(1_200);
    assert.equal(await holder.hasVip(), true);
    assert.ok(peer.of("advert").length >= 10);
    const ended = await until("the lease ends", () => holder.of("leaseEnded")[0] ?? null);
    assert.equal(ended.silent, false);
    assert.equal(ended.failure, null);
    assert.equal(await holder.hasVip(), false);
    await until("the resignation", () => peer.priorities().at(-1) === 0);
    const adverts = peer.of("advert").length;
    await sleep(200);
    assert.equal(peer.of("advert").length, adverts);
    assert.equal((await holder.give({ kind: "renew", holding: 1, ...leases(700) })).failure?.errno, "ENOENT");
    assert.equal((await holder.give({ kind: "announce", holding: 1 })).failure?.errno, "ENOENT");
    assert.equal(await holder.hasVip(), false);
  });

  it("says nothing when it wakes up long after its lease", async () => {
    await holder.takeOver(leases(500));
    holder.process.signal("SIGSTOP");
    await sleep(300);
    const before = peer.of("advert").length;
    await sleep(900);
    holder.process.signal("SIGCONT");
    const ended = await until("the lease ends", () => holder.of("leaseEnded")[0] ?? null);
    assert.equal(ended.silent, true);
    assert.equal(await holder.hasVip(), false);
    await sleep(100);
    assert.equal(peer.of("advert").length, before);
  });

  it("leaves the address to the kernel when it is killed", async () => {
    await holder.takeOver(leases(60_000), { kernelLeaseSeconds: 1 });
    assert.match(await holder.addresses(), /dynamic noprefixroute eth0:1\\ +valid_lft 1sec/);
    await sleep(1_500);
    assert.equal(await holder.hasVip(), true, "renewed while the process lives");
    await holder.process.kill();
    await until("the kernel removes it", async () => !(await holder.hasVip()), { timeoutMs: 5_000 });
  });

  it("never renews beyond its right", async () => {
    await holder.takeOver(leases(20_000, 2_500), { kernelLeaseSeconds: 2 });
    await until("the kernel removes it", async () => !(await holder.hasVip()), { timeoutMs: 8_000 });
    assert.equal((await holder.takeOver(leases(5_000, 500), { kernelLeaseSeconds: 2 })).failure?.errno, "ETIME");
    assert.equal(await holder.hasVip(), false);
  });

  it("does not bring back an address that somebody deleted", async () => {
    await holder.takeOver(leases(20_000), { kernelLeaseSeconds: 1 });
    await one.exec("ip", ["address", "del", `${VIP}/24`, "dev", "eth0"]);
    const gone = await until("it is told", () => holder.of("address").find(({ change }) => change === "gone") ?? null);
    assert.equal(gone.address.address, VIP);
    await sleep(1_000);
    assert.equal(await holder.hasVip(), false);
    assert.equal((await holder.give({ kind: "abandon", holding: 1 })).failure, null);
    assert.equal(await holder.hasVip(), false);
  });

  it("releases: address gone, resignation out, then silence", async () => {
    await holder.takeOver(leases(60_000));
    assert.equal((await holder.give({ kind: "release", holding: 1, resign: true })).failure, null);
    assert.equal(await holder.hasVip(), false);
    await until("the resignation", () => peer.priorities().at(-1) === 0);
    assert.equal((await holder.give({ kind: "release", holding: 1, resign: true })).failure?.errno, "ENOENT");
  });

  it("abandons: the address stays until the kernel's lease is over", async () => {
    await holder.takeOver(leases(60_000), { kernelLeaseSeconds: 1 });
    await holder.give({ kind: "abandon", holding: 1 });
    assert.equal(await holder.hasVip(), true);
    await until("the kernel removes it", async () => !(await holder.hasVip()), { timeoutMs: 5_000 });
    assert.equal(peer.priorities().includes(0), false);
  });

  it("resets the clients of the VIP before the address goes", async () => {
    await holder.takeOver(leases(20_000));
    const [command, args] = labProgram("../test/native/listener.ts");
    const listener = one.spawnPiped(command, args, { log: "listener" });
    await new Promise<void>((resolve) => {
      listener.onLine(() => {
        resolve();
      });
    });
    const clients = [4, 6].map((port) =>
      two.spawnPiped(...labProgram("../test/native/client.ts", [VIP, String(5_430 + port)]), { log: "client" }),
    );
    const lines = clients.map((client) => {
      const told: string[] = [];
      client.onLine((line) => told.push(line));
      return told;
    });
    await until("both are connected", () => lines.every(([first]) => first === "connected"));
    const { socketsDestroyed } = await holder.give({ kind: "release", holding: 1, resign: true });
    assert.equal(socketsDestroyed, 2);
    await until("both are told", () => lines.every((told) => told[1] === "ECONNRESET"), { timeoutMs: 2_000 });
    await listener.kill();
  });

  it("removes left-overs with whatever prefix length", async () => {
    await one.exec("ip", ["address", "add", `${VIP}/32`, "dev", "eth0"]);
    await until("it is told", () => holder.of("address").length > 0);
    const addresses = [
      { family: "ipv4", address: VIP, prefixLength: 24, deprecated: false, noPrefixRoute: true },
    ] as const;
    const { ifIndex } = holder.link;
    const done = await holder.give({ kind: "removeAddresses", ifIndex, addresses, destroySockets: true });
    assert.equal(done.failure, null);
    assert.equal(await holder.hasVip(), false);
  });

  it("replaces the same address with another prefix length", async () => {
    await one.exec("ip", ["address", "add", `${VIP}/32`, "dev", "eth0"]);
    await until("it is told", () => holder.of("address").length > 0);
    await holder.takeOver(leases(60_000));
    const text = await holder.addresses();
    assert.match(text, /10\.9\.0\.100\/24/);
    assert.doesNotMatch(text, /10\.9\.0\.100\/32/);
  });

  it("removes what it had and the new plan lacks", async () => {
    const second = { family: "ipv4", address: "10.9.0.101", prefixLength: 24 } as const;
    await holder.takeOver(leases(20_000), { vips: [...speech.vips, second] });
    assert.equal(await holder.hasVip(second.address), true);
    assert.equal((await holder.takeOver(leases(20_000))).failure, null);
    assert.equal(await holder.hasVip(second.address), false);
    assert.equal(await holder.hasVip(), true);
    await holder.give({ kind: "release", holding: 1, resign: true });
    assert.match(await holder.addresses(), /10\.9\.0\.1\/24/, "what is not ours stays");
  });

  it("keeps nothing of the old plan when the new one is refused", async () => {
    await holder.takeOver(leases(20_000));
    const other = { family: "ipv4", address: "10.9.0.101", prefixLength: 24 } as const;
    const refused = await holder.takeOver(leases(20_000), { vips: [other], label: "wrong0:12345678901234567" });
    assert.equal(refused.failure?.call, "RTM_NEWADDR");
    assert.equal(await holder.hasVip(), false);
  });

  it("ends a lease in time however many orders wait", async () => {
    const lease = leases(700);
    await holder.takeOver(lease);
    // Each takes the thread a few milliseconds; all together, seconds.
    const frame = arpProbe("10.9.0.77", parseMac(holder.mac)!);
    const frames = Array.from({ length: 2_000 }, () => frame);
    const number = holder.queue({ kind: "sendFrames", ifIndex: holder.link.ifIndex, frames }, 600);
    const ended = await until("the lease ends", () => holder.of("leaseEnded")[0] ?? null);
    await until("all is done", () => holder.of("done").filter(({ order }) => order === number).length === 600);
    const late = holder.of("done").filter(({ atMs }) => atMs > lease.leaseUntilMs && atMs < ended.atMs);
    assert.ok(late.length <= 1, `${late.length} orders were carried out between the lease's end and its notice`);
    assert.ok(
      holder.of("done").some(({ atMs }) => atMs > ended.atMs),
      "it ended while orders were waiting",
    );
  });

  it("passes up only what was asked for", async () => {
    await peer.listen({ routerIds: [99], vips: [] });
    const before = peer.events.length;
    await holder.takeOver(leases(60_000));
    await sleep(200);
    assert.deepEqual(
      peer.events.slice(before).map(({ kind }) => kind),
      [],
    );
    await peer.listen({ routerIds: [], vips: [] });
    await until("adverts of every router", () => peer.of("advert").length > 0);
    assert.deepEqual(holder.of("advert"), [], "its own adverts are not heard");
    await peer.listen({ multicast: true, routerIds: [], vips: [VIP] });
    await two.exec("ip", ["neigh", "flush", "dev", "eth0"]);
    await two.exec(...labProgram("../test/native/client.ts", [VIP, "9"]));
    await until("the ARP reply", () =>
      peer.of("neighborFrame").some(({ frame }) => formatMac(frame.subarray(6, 12)) === holder.mac),
    );
  });

  it("names what failed", async () => {
    const wrong = await holder.give({ kind: "listen", listening: listening(999, {}) });
    assert.equal(wrong.failure?.errno, "ENODEV");
    assert.equal((await holder.takeOver(leases(-10))).failure?.errno, "ETIME");
    const label = await holder.takeOver(leases(60_000), { label: "wrong0:12345678901234567" });
    assert.equal(label.failure?.call, "RTM_NEWADDR");
    assert.equal(await holder.hasVip(), false);
  });

  it("keeps the truth through a netlink overrun", async () => {
    holder.process.signal("SIGSTOP");
    await one.exec("sh", ["-c", manyChanges]);
    await one.exec("ip", ["address", "add", `${VIP}/24`, "dev", "eth0"]);
    holder.process.signal("SIGCONT");
    await until("the VIP is known", () => {
      const snapshot = holder.of("snapshot").at(-1);
      const told = holder.of("address").some(({ address }) => address.address === VIP);
      return told || (snapshot?.addresses.some(({ address }) => address === VIP) ?? false);
    });
    await one.exec("ip", ["address", "flush", "dev", "lo"]);
  });

  it("tells of a deletion whose message was lost in an overrun", async () => {
    await one.exec("ip", ["address", "delete", `${VIP}/24`, "dev", "eth0"]);
    await holder.takeOver(leases(60_000));
    const snapshots = holder.of("snapshot").length;
    holder.process.signal("SIGSTOP");
    await one.exec("sh", ["-c", manyChanges]);
    await one.exec("ip", ["address", "delete", `${VIP}/32`, "dev", "eth0"]);
    await one.exec("ip", ["address", "delete", `${VIP}/24`, "dev", "eth0"]);
    const seen = holder.of("address").length;
    holder.process.signal("SIGCONT");
    await until("the snapshot after the overrun", () => holder.of("snapshot").length > snapshots);
    const told = holder.of("address").slice(seen);
    const gone = told.filter(({ change, address }) => change === "gone" && address.address === VIP);
    assert.equal(gone.length, 1);
    assert.equal(await holder.hasVip(), false, "and it is not renewed");
    await one.exec("ip", ["address", "flush", "dev", "lo"]);
  });

  it("leaves nothing behind when the process ends with an address held", async () => {
    await holder.takeOver(leases(60_000));
    const exit = await holder.process.stop("SIGTERM");
    assert.equal(exit.signal, "SIGTERM");
    assert.equal(await holder.hasVip(), true);
  });
});

/** More than the messages about them that the kernel keeps for a listener. */
const manyChanges =
  "for i in $(seq 1 4000); do echo address add 10.8.$((i/250)).$((i%250+1))/32 dev lo; done | ip -batch -";

function arpText(frame: Uint8Array): string {
  const parsed = parseArp(frame);
  return parsed.ok ? `${parsed.arp.operation} ${parsed.arp.senderMac}` : parsed.drop;
}
