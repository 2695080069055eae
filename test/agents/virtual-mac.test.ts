/**
 * `vmac: true` on two nodes, both families: the client's neighbour entries are the virtual router's MACs and never change, whoever
 * has the VIP; and nothing is left behind.
 */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import { PgvipAgents } from "../../lab/agents.js";
import { Capture } from "../../lab/capture.js";
import type { Host } from "../../lab/host.js";
import { Lab } from "../../lab/network.js";
import type { LabProcess } from "../../lab/process.js";
import { StandInCluster } from "../../lab/stand-in-cluster.js";
import { sleep, until } from "../../lab/wait.js";
import { HolderWatch } from "../../lab/watch.js";
import { decodeFile } from "../wire/tshark.js";

const VIPS = { ipv4: "10.186.157.199", ipv6: "fd77::199" } as const;
/** RFC 9568 section 7.3; the last byte is the router ID. */
const MACS = { ipv4: "00:00:5e:00:01:33", ipv6: "00:00:5e:00:02:33" } as const;

describe("a virtual MAC", () => {
  let lab: Lab;
  let one: Host;
  let two: Host;
  let client: Host;
  let cluster: StandInCluster;
  let watch: HolderWatch;
  let agents: PgvipAgents;
  let monitor: LabProcess;
  /** Each change of the client's entries for the VIPs, as `ip monitor` tells. */
  const changes: string[] = [];

  before(async () => {
    lab = await Lab.create([
      { name: "one", addresses: ["10.186.157.61/24", "fd77::61/64"] },
      { name: "two", addresses: ["10.186.157.62/24", "fd77::62/64"] },
      { name: "client", addresses: ["10.186.157.10/24", "fd77::10/64"] },
    ]);
    [one, two, client] = [lab.host("one"), lab.host("two"), lab.host("client")];
    const file = `${lab.directory}/pgvip.yml`;
    writeFileSync(
      file,
      `vips: [{ address: [${VIPS.ipv4}/24, "${VIPS.ipv6}/64"], interface: eth0, router_id: 51, vmac: true }]`,
    );
    watch = await HolderWatch.start(lab, VIPS.ipv4);
    cluster = await StandInCluster.start([one, two], client, client);
    agents = new PgvipAgents({ vips: [], extra: ["--config", file] });
    monitor = client.spawnPiped("ip", ["-ts", "-o", "monitor", "neigh"], { log: "neighbours" });
    monitor.onLine((line) => {
      if (Object.values(VIPS).some((vip) => line.includes(`${vip} `))) changes.push(line);
    });
  });

  after(async () => {
    await lab.close();
  });

  function macOf(vip: string): Promise<string | null> {
    return client.exec("ip", ["neighbour", "show", vip]).then(({ stdout }) => /lladdr (\S+)/.exec(stdout)?.[1] ?? null);
  }

  /** A connection through each VIP, after which the client has an entry for it. */
  async function connect(): Promise<void> {
    for (const vip of Object.values(VIPS)) {
      await until(`somebody answers at ${vip}`, async () => {
        const program = `require("node:net").connect(5432, "${vip}", () => process.exit(0)).on("error", () => process.exit(1))`;
        return (await client.exec(process.execPath, ["-e", program], { timeoutMs: 5_000 })).code === 0;
      });
    }
  }

  async function links(host: Host): Promise<string[]> {
    const { stdout } = await host.exec("ip", ["-brief", "link", "show", "type", "macvlan"]);
    return stdout.split("\n").flatMap((line) => line.split(/[@ ]/)[0] || []);
  }

  async function macvlanAddresses(host: Host): Promise<string> {
    const names = await links(host);
    const shown = await Promise.all(names.map((name) => host.exec("ip", ["-brief", "address", "show", "dev", name])));
    return shown.map(({ stdout }) => stdout).join("");
  }

  it("is what the client hears, for both families", async () => {
    // New interfaces would forward: the agent's must not.
    for (const host of [one, two]) await host.exec("sysctl", ["-qw", "net.ipv4.conf.default.forwarding=1"]);
    for (const host of [one, two]) await agents.start(host);
    await watch.holder("one");
    await connect();
    assert.deepEqual([await macOf(VIPS.ipv4), await macOf(VIPS.ipv6)], [MACS.ipv4, MACS.ipv6]);
    assert.match(await macvlanAddresses(one), new RegExp(`${VIPS.ipv4}/24[^]*${VIPS.ipv6}/64`));
  });

  it("stands by in silence: an interface without an address, from which nothing is ever sent", async () => {
    assert.deepEqual((await links(two)).length, 2);
    assert.doesNotMatch(await macvlanAddresses(two), /10\.186|fd77|fe80/);
    const { stdout } = await two.exec("sh", ["-c", "cat /sys/class/net/pgv*/statistics/tx_packets"]);
    assert.deepEqual(stdout.trim().split("\n"), ["0", "0"]);
  });

  it("makes no router of a host: nothing that comes to it is forwarded", async () => {
    const switches = "/proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv4/conf/pgv*/forwarding";
    for (const host of [one, two]) {
      const { stdout } = await host.exec("sh", ["-c", `cat ${switches}`]);
      assert.match(stdout, /^(0\n){2,}$/, host.name);
    }
  });

  it("does not keep the nodes from hearing each other, although they send from the same MAC", async () => {
    await agents.groupWith(two, "hears the holder", ({ virtualMacs, peers }) => {
      assert.deepEqual(virtualMacs, Object.values(MACS));
      const heard = peers.map(({ address }) => address);
      return heard.includes("10.186.157.61") && heard.some((address) => address.startsWith("fe80::"));
    });
  });

  it("stays the client's entry when the VIP moves, and moves back, and its agent is killed", async () => {
    const seen = changes.length;
    for (const [from, to] of [
      ["one", "two"],
      ["two", "one"],
    ] as const) {
      await cluster.switchover(from, to);
      await watch.holder(to);
      await connect();
      // Who has forgotten the client's MAC asks for it when it answers from the VIP.
      for (const host of [one, two]) await host.exec("ip", ["neighbour", "flush", "dev", "eth0"]);
      await sleep(2_000);
      await connect();
    }
    assert.deepEqual([await macOf(VIPS.ipv4), await macOf(VIPS.ipv6)], [MACS.ipv4, MACS.ipv6]);
    const others = changes.slice(seen).filter((line) => !Object.values(MACS).some((mac) => line.includes(mac)));
    // An entry that is being asked for has no MAC; another MAC must never be in it.
    assert.deepEqual(
      others.filter((line) => line.includes("lladdr")),
      [],
    );
    assert.ok(changes.some((line) => line.includes(MACS.ipv4)) && changes.some((line) => line.includes(MACS.ipv6)));
  });

  it("is the source of adverts and announcements, and of nothing that a standby sends", async () => {
    const capture = await Capture.start(client, "proto 112 or (ip6 and ip6[6] == 112) or arp or icmp6");
    await cluster.switchover("one", "two");
    await watch.holder("two");
    await connect();
    await sleep(1_000);
    await capture.stop();
    const adverts = decodeFile(capture.file, ["eth.src", "vrrp.checksum.status"], "vrrp");
    assert.ok(adverts.length > 10);
    for (const [source, checksum] of adverts) {
      assert.ok(
        Object.values(MACS).some((mac) => mac === source),
        source,
      );
      assert.equal(checksum, "1");
    }
    const claims = decodeFile(capture.file, ["arp.src.hw_mac"], `arp.src.proto_ipv4 == ${VIPS.ipv4}`);
    assert.ok(claims.length > 0);
    assert.deepEqual([...new Set(claims.flat())], [MACS.ipv4]);
    await cluster.switchover("two", "one");
    await watch.holder("one");
  });

  it("is left to nobody: a killed agent leaves interfaces without addresses, and the next one finds its way", async () => {
    await agents.kill(one);
    await until("the kernel removes the addresses", async () => !/10\.186|fd77/.test(await macvlanAddresses(one)));
    assert.equal((await links(one)).length, 2);
    await agents.start(one);
    await watch.holder("one");
    await connect();
    assert.equal(await macOf(VIPS.ipv4), MACS.ipv4);
  });

  it("goes with the agent", async () => {
    for (const host of [one, two]) await agents.stop(host);
    assert.deepEqual([await links(one), await links(two)], [[], []]);
  });

  it("leaves nothing behind that the next agent does not remove", async () => {
    const add = ["link", "add", "link", "eth0", "name", "pgv4-999-77", "type", "macvlan", "mode", "bridge"];
    assert.equal((await two.exec("ip", add)).code, 0);
    await agents.start(two);
    await until("the left-over is gone", async () => {
      const names = await links(two);
      return names.length === 2 && !names.includes("pgv4-999-77");
    });
    await agents.stop(two);
  });
});
