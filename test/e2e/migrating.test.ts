/**
 * docs/migrating.md, walked step by step on the lab: a cluster whose VIP keepalived keeps gets pgvip node by node, while a
 * client pings the VIP. What moves the VIP at all is the cluster's own switchover.
 */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import * as v from "valibot";
import { parse, stringify } from "yaml";
import { PgvipAgents } from "../../lab/agents.js";
import { findings } from "../../lab/findings.js";
import type { Host } from "../../lab/host.js";
import { Keepalived } from "../../lab/keepalived.js";
import { Prober } from "../../lab/prober.js";
import { Scene } from "../../lab/scene.js";
import { vip, vipCidr } from "../../lab/topology.js";
import { nowMs, sleep } from "../../lab/wait.js";
import { holderTimes } from "../../lab/watch.js";
import type { GroupStatus } from "../../src/status.js";

const program = fileURLToPath(new URL("../../dist/main.js", import.meta.url));
const addresses: Readonly<Record<string, string>> = {
  pgpat1: "10.186.157.60",
  pgpat2: "10.186.157.216",
  pgpat4: "10.186.157.217",
};

/** As the article has it, without its mistakes: one router ID, no `state MASTER`, no own address among the peers. */
function keepalivedConf({ name, address }: Host): string {
  const peers = Object.values(addresses).filter((peer) => peer !== address);
  return `global_defs {
  router_id ${name}
  enable_script_security
  script_user root
}
vrrp_script whosprimary {
  script "/usr/bin/curl -s -o /dev/null --fail http://${address}:8008/primary"
  interval 1
}
vrrp_instance PG {
  state BACKUP
  interface eth0
  virtual_router_id 50
  priority 100
  advert_int 1
  unicast_src_ip ${address}
  unicast_peer {
    ${peers.join("\n    ")}
  }
  authentication {
    auth_type PASS
    auth_pass ~bG7n)4?
  }
  virtual_ipaddress {
    ${vipCidr} dev eth0 label eth0:1
  }
  track_script {
    whosprimary
  }
}
`;
}

/** A router that is outbid lets go when it hears an advert: after one advert interval at the latest. */
const ADVERT_INTERVAL_MS = 1000;
/** keepalived's check may fail in the moment between two primaries, and then it lets go before anybody takes. */
const HAND_OVER_MS = 500;
/** keepalived waits three adverts and its skew time before it takes a VIP that nobody has. */
const MASTER_DOWN_MS = 3 * ADVERT_INTERVAL_MS + 610;
/** What the client may miss while the VIP stays where it is: nothing, but this machine may be busy. */
const CALM_MS = 500;

describe("migrating from keepalived", () => {
  const keepalived = new Keepalived("keepalived", keepalivedConf);
  const agents = new Map<string, PgvipAgents>();
  let scene: Scene;
  let prober: Prober;
  let nodes: readonly Host[];

  before(async () => {
    scene = await Scene.open({ backend: "stand-in", nodes: 3 });
    nodes = scene.topology.nodes;
    for (const node of nodes) {
      agents.set(node.name, new PgvipAgents({ vips: [], extra: ["--config", configFile(node)] }));
      await keepalived.start(node);
    }
    await scene.watch.holder((await leader()).name);
    prober = await Prober.start(scene.topology.client, vip, scene.cluster);
  });

  after(async () => {
    await scene.close();
  });

  const configFile = ({ directory }: Host): string => `${directory}/pgvip.yml`;
  const leader = async (): Promise<Host> => scene.cluster.node(await scene.cluster.waitHealthy());
  const othersThan = (host: Host): readonly Host[] => nodes.filter((node) => node !== host);
  const pgvip = (node: Host): PgvipAgents => agents.get(node.name) ?? assert.fail(node.name);

  function groupWith(node: Host, what: string, wanted: (group: GroupStatus) => boolean): Promise<GroupStatus> {
    return pgvip(node).groupWith(node, what, wanted);
  }

  /** No longer without the VIP, nor with two, than this; seen from the interfaces and by the client's pings. */
  async function within(limits: { noneMs: number; severalMs: number }, act: () => Promise<unknown>): Promise<void> {
    const fromMs = nowMs();
    await act();
    // What comes late, comes within an advert and a check.
    await sleep(2 * ADVERT_INTERVAL_MS);
    const toMs = nowMs();
    const { noneMs, severalMs } = holderTimes(scene.watch.changes, fromMs, toMs);
    const { echoes } = findings(await prober.settled(toMs), { fromMs, toMs });
    const told = JSON.stringify({ noneMs, severalMs, echoes });
    assert.ok(noneMs <= limits.noneMs && severalMs <= limits.severalMs, told);
    assert.ok(echoes.longestSilenceMs <= limits.noneMs + CALM_MS, told);
  }

  const stays = { noneMs: 0, severalMs: 0 };

  /** Step 3 for one node. */
  async function replace(node: Host, holder: Host): Promise<void> {
    await keepalived.stop(node);
    await pgvip(node).start(node);
    const group = await groupWith(node, "knows who has the VIP", (one) => one.holder !== null);
    assert.equal(group.state, "standby");
    assert.deepEqual(group.holder?.address, holder.address);
    assert.deepEqual(group.alarms, []);
  }

  it("is written down step by step", () => {
    const text = readFileSync(new URL("../../docs/migrating.md", import.meta.url), "utf8");
    const [, part = ""] = /## From keepalived\n([^]*?)\n## /.exec(text) ?? [];
    const steps = [...part.matchAll(/^(?:\d\. )?\*\*(.+?)\.\*\*/gm)].map(([, step]) => step);
    assert.deepEqual(steps, [
      "Speak its language",
      "Look before you start",
      "Replicas first",
      "The leader last",
      "Afterwards",
      "Back again",
    ]);
  });

  it("1. Speak its language: one configuration for all nodes", async () => {
    const files = nodes.map(({ directory }) => `${directory}/keepalived.conf`);
    const words = [program, "import", "keepalived", ...files];
    const { stdout, stderr, code } = await scene.topology.console.exec(process.execPath, words);
    assert.deepEqual([code, stderr], [0, ""]);
    const { vips } = v.parse(configuration, parse(stdout));
    assert.deepEqual([vips[0]?.["address"], vips[0]?.["router_id"]], [vipCidr, 50]);
    for (const node of nodes) writeFileSync(configFile(node), stdout);
  });

  it("2. Look before you start: check finds nothing, doctor nothing but keepalived", async () => {
    for (const node of nodes) {
      const checked = await node.exec(process.execPath, [program, "check", "--config", configFile(node)]);
      assert.equal(checked.code, 0, checked.stderr);
    }
    const [node] = nodes;
    assert.ok(node !== undefined);
    const { stdout } = await pgvip(node).command(node, ["doctor", "--json", "--config", configFile(node)]);
    assert.match(stdout, /"other-vip-managers"/);
  });

  it("3. Replicas first: they stand by, and know keepalived as the holder", async () => {
    const holder = await leader();
    for (const node of othersThan(holder)) await within(stays, () => replace(node, holder));
  });

  it("4. The leader last: pgvip adopts the VIP beside keepalived, and puts it back when that takes it away", async () => {
    const holder = await leader();
    await within(stays, async () => {
      await pgvip(holder).start(holder);
      await groupWith(holder, "has the VIP", ({ state }) => state === "holder");
    });
    await within({ noneMs: HAND_OVER_MS, severalMs: 0 }, () => keepalived.stop(holder));
    assert.deepEqual(scene.watch.holders, [holder.name]);
    const { alarms } = await groupWith(holder, "has the VIP", ({ state }) => state === "holder");
    assert.deepEqual(
      alarms.map(({ code }) => code),
      ["address-deleted"],
    );
  });

  it("Back again: keepalived on replicas first, then beside pgvip on the leader", async () => {
    const holder = await leader();
    for (const node of othersThan(holder)) {
      await within(stays, async () => {
        await pgvip(node).stop(node);
        await keepalived.start(node);
      });
    }
    // It takes the address for a left-over and removes it; pgvip puts it back.
    await within({ noneMs: HAND_OVER_MS, severalMs: 0 }, async () => {
      await keepalived.start(holder);
      await sleep(MASTER_DOWN_MS);
    });
    await within({ noneMs: MASTER_DOWN_MS, severalMs: 0 }, async () => {
      await pgvip(holder).stop(holder);
      await scene.watch.holder(holder.name);
    });
  });

  it("4. The leader last, by a switchover to a node with pgvip: it takes the VIP from the running keepalived", async () => {
    const before = await leader();
    for (const node of othersThan(before)) await within(stays, () => replace(node, before));
    const successor = scene.cluster.node(scene.otherThan(before.name));
    await within({ noneMs: HAND_OVER_MS, severalMs: ADVERT_INTERVAL_MS }, async () => {
      await scene.cluster.switchover(before.name, successor.name);
      await scene.watch.holder(successor.name);
    });
    assert.equal((await leader()).name, successor.name);
    await within(stays, () => replace(before, successor));
  });

  it("5. Afterwards: VRRPv3, one node after the other, the leader last; the next fail-over is measured", async () => {
    const holder = await leader();
    for (const node of [...othersThan(holder), holder]) {
      await within(stays, async () => {
        const file = configFile(node);
        const { vips, ...rest } = v.parse(configuration, parse(readFileSync(file, "utf8")));
        const today = vips.map(
          ({ vrrp_version: _v, auth_pass: _p, advert_interval: _i, ...vipSettings }) => vipSettings,
        );
        writeFileSync(file, stringify({ ...rest, vips: today }));
        const { code, stderr } = await pgvip(node).command(node, ["reload"]);
        assert.equal(code, 0, stderr);
      });
    }
    for (const node of nodes) {
      // That nodes spoke differently for a moment stays an alarm for a minute.
      const { alarms } = await groupWith(node, "hears VRRPv3", ({ state, peers }) =>
        node === holder ? state === "holder" : peers.some(({ vrrpVersion }) => vrrpVersion === 3),
      );
      for (const { code } of alarms) assert.equal(code, "advert-refused");
    }
    const drill = ["drill", "--yes", "--json", "--config", configFile(holder)];
    const { code, stderr } = await pgvip(holder).command(holder, drill);
    assert.equal(code, 0, stderr);
  });
});

const configuration = v.looseObject({ vips: v.array(v.record(v.string(), v.unknown())) });
