/** IPv6 on the wire: the kernel's view of the address, a neighbour's cache, and VRRPv3 over IPv6. */
import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";
import type { Host } from "../../lab/host.js";
import { Lab } from "../../lab/network.js";
import { labProgram } from "../../lab/process.js";
import { until } from "../../lab/wait.js";
import { parseMac } from "../../src/wire/addresses.js";
import { neighborProbe, parseNeighbor, type NeighborMessage } from "../../src/wire/ndisc.js";
import { parseAdvert } from "../../src/wire/vrrp.js";
import { RemoteEngine, leases } from "./remote-engine.js";

const VIP6 = "fd09::100";
const both = ["ipv4", "ipv6"] as const;
const speech = { vips: [{ family: "ipv6", address: VIP6, prefixLength: 64 }] } as const;

describe("an IPv6 VIP", () => {
  let lab: Lab;
  let one: Host;
  let two: Host;
  let three: Host;
  let holder: RemoteEngine;
  let peer: RemoteEngine;

  before(async () => {
    lab = await Lab.create(
      ["one", "two", "three"].map((name, index) => ({
        name,
        addresses: [`10.9.0.${index + 1}/24`, `fd09::${index + 1}/64`],
      })),
    );
    [one, two, three] = [lab.host("one"), lab.host("two"), lab.host("three")];
    for (const host of lab.hosts) {
      await until("duplicate address detection is over", async () => {
        const { stdout } = await host.exec("ip", ["-6", "-o", "address", "show", "dev", "eth0"]);
        return stdout !== "" && !stdout.includes("tentative");
      });
    }
  });

  after(async () => {
    await lab.close();
  });

  beforeEach(async () => {
    [holder, peer] = await Promise.all([RemoteEngine.start(one), RemoteEngine.start(two)]);
    for (const engine of [holder, peer]) {
      assert.equal((await engine.listen({ families: both, vips: [VIP6] })).failure, null);
    }
  });

  afterEach(async () => {
    await Promise.all([holder.close(), peer.close()]);
    for (const host of [one, three]) await host.exec("ip", ["address", "del", `${VIP6}/64`, "dev", "eth0"]);
    await two.exec("ip", ["-6", "neigh", "flush", "dev", "eth0"]);
  });

  const neighbour = async (): Promise<string> =>
    (await two.exec("ip", ["-6", "neigh", "show", VIP6, "dev", "eth0"])).stdout;

  const connect = (host: Host): Promise<{ readonly stdout: string }> =>
    host.exec(...labProgram("../test/native/client.ts", [VIP6, "9"]), { timeoutMs: 20_000 });

  it("is usable at once, and never chosen as source of the host's own connections", async () => {
    assert.equal((await holder.takeOver(leases(20_000), speech)).failure, null);
    const text = await holder.addresses();
    assert.match(
      text,
      /fd09::100\/64 scope global(?=.* deprecated )(?=.* nodad )(?=.* noprefixroute ).*valid_lft forever preferred_lft 0sec/,
    );
    assert.doesNotMatch(text, /fd09::100.* tentative/);
    const route = await one.exec("ip", ["-6", "route", "get", "fd09::2"]);
    assert.match(route.stdout, /src fd09::1 /);
    const groups = await one.exec("ip", ["-6", "maddress", "show", "dev", "eth0"]);
    assert.match(groups.stdout, /ff02::1:ff00:100\n/, "its solicited-node group");
    assert.match((await connect(two)).stdout, /ECONNREFUSED/, "it answers solicitations");
    assert.match(await neighbour(), new RegExp(`lladdr ${holder.mac} `));
  });

  it("moves in a neighbour's cache by the announcement alone", async () => {
    await three.exec("ip", ["address", "add", `${VIP6}/64`, "dev", "eth0", "nodad"]);
    assert.match((await connect(two)).stdout, /ECONNREFUSED/);
    const old = /lladdr (\S+)/.exec(await neighbour())?.[1];
    assert.ok(old !== undefined && old !== holder.mac);
    await three.exec("ip", ["address", "del", `${VIP6}/64`, "dev", "eth0"]);
    await holder.takeOver(leases(20_000), speech);
    await until("the cache changes", async () => (await neighbour()).includes(`lladdr ${holder.mac} `));
  });

  it("is announced with the override flag, as a host's address", async () => {
    await holder.takeOver(leases(20_000), speech);
    const heard = await until("the announcement", () => peer.of("neighborFrame")[0] ?? null);
    const parsed = parseNeighbor(heard.frame);
    assert.ok(parsed.ok);
    const { source, destination, message } = parsed.packet;
    const expected: NeighborMessage = {
      kind: "advertisement",
      router: false,
      solicited: false,
      override: true,
      target: VIP6,
      linkLayer: parseMac(holder.mac),
    };
    assert.deepEqual({ source, destination, message }, { source: VIP6, destination: "ff02::1", message: expected });
  });

  it("is advertised from the link-local address to ff02::12, with hop limit 255 and a checksum that fits", async () => {
    await holder.takeOver(leases(20_000), speech);
    const { family, source, destination, ttl, pdu } = await until("an advert", () => peer.of("advert")[0] ?? null);
    assert.deepEqual(
      { family, source, destination, ttl },
      { family: "ipv6", source: holder.linkLocal, destination: "ff02::12", ttl: 255 },
    );
    const parsed = parseAdvert(pdu, { family: "ipv6", source, destination, ttl });
    assert.ok(parsed.ok);
    assert.deepEqual(parsed.advert.addresses, [VIP6]);
    await holder.give({ kind: "release", holding: 1, resign: true });
    await until("the resignation", () => peer.priorities().at(-1) === 0);
    assert.equal(await holder.hasVip(VIP6), false);
  });

  it("is answered for when somebody probes it, and the answer is heard", async () => {
    await holder.takeOver(leases(20_000), speech);
    await until("the announcement", () => peer.of("neighborFrame").length > 0);
    const before = peer.of("neighborFrame").length;
    const probe = neighborProbe(VIP6, parseMac(peer.mac)!);
    await peer.give({ kind: "sendFrames", ifIndex: peer.link.ifIndex, frames: [probe] });
    const answer = await until("the answer", () => peer.of("neighborFrame")[before] ?? null);
    const parsed = parseNeighbor(answer.frame);
    assert.ok(parsed.ok && parsed.packet.message.kind === "advertisement");
    assert.equal(parsed.packet.message.target, VIP6);
    assert.equal(parsed.packet.message.linkLayer, holder.mac);
  });

  it("goes by itself when the agent is killed", async () => {
    await holder.takeOver(leases(20_000), { ...speech, kernelLeaseSeconds: 1 });
    assert.match(
      await holder.addresses(),
      /fd09::100\/64 scope global(?=.* deprecated )(?=.* dynamic ).*valid_lft 1sec/,
    );
    await holder.process.kill();
    await until("the kernel removes it", async () => !(await holder.hasVip(VIP6)), { timeoutMs: 10_000 });
  });

  it("takes its sessions with it", async () => {
    await holder.takeOver(leases(20_000), speech);
    const listener = one.spawnPiped(...labProgram("../test/native/listener.ts"), { log: "listener" });
    await new Promise<void>((resolve) => {
      listener.onLine(() => {
        resolve();
      });
    });
    const told: string[] = [];
    two
      .spawnPiped(...labProgram("../test/native/client.ts", [VIP6, "5436"]), { log: "client" })
      .onLine((line) => told.push(line));
    await until("it is connected", () => told[0] === "connected");
    const { socketsDestroyed } = await holder.give({ kind: "release", holding: 1, resign: true });
    assert.equal(socketsDestroyed, 1);
    await until("it is told", () => told[1] === "ECONNRESET");
    await listener.kill();
  });
});
