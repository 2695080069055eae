/**
 * pgvip and keepalived in one virtual router: either has the VIP and the other waits, the leader takes it from keepalived
 * at once, and keepalived follows when it is given up. Each side finds nothing wrong with any packet of the other.
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { type KeepalivedSettings, KeepalivedRouter } from "../../lab/keepalived-router.js";
import { sleep } from "../../lab/wait.js";
import { OURS, THEIRS, VrrpPair } from "./vrrp-pair.js";

const VIP = "10.186.157.199";
const VIP6 = "fd77::199";
const LINK_LOCAL_VIP = "fe80::199";

/** Over IPv6 this version sends unicast adverts with a hop limit of 64, from which nobody can tell that they were not routed. */
const HOP_LIMIT = ["unicast_ttl 255"];

interface Variant {
  readonly name: string;
  readonly vip: string;
  readonly keepalived: Partial<KeepalivedSettings>;
  readonly yaml: string;
  /** As it stands in pgvip's status. */
  readonly version: 2 | 3;
}

const variants: readonly Variant[] = [
  {
    name: "VRRPv2 with a password",
    vip: VIP,
    version: 2,
    keepalived: { version: 2, vips: [`${VIP}/24`], authPass: "secret12" },
    yaml: `vips: [{ address: ${VIP}/24, router_id: 77, vrrp_version: 2, auth_pass: secret12 }]`,
  },
  {
    name: "VRRPv3",
    vip: VIP,
    version: 3,
    keepalived: { vips: [`${VIP}/24`] },
    yaml: `vips: [{ address: ${VIP}/24, router_id: 77, advert_interval: 1s }]`,
  },
  {
    name: "VRRPv3 by unicast",
    vip: VIP,
    version: 3,
    keepalived: { vips: [`${VIP}/24`], peers: [OURS.ipv4] },
    yaml: `vips: [{ address: ${VIP}/24, router_id: 77, advert_interval: 1s, transport: unicast, peers: [${THEIRS.ipv4}] }]`,
  },
  {
    name: "VRRPv3 over IPv6",
    vip: VIP6,
    version: 3,
    keepalived: { vips: [`${LINK_LOCAL_VIP}/64`, `${VIP6}/64`] },
    yaml: `vips: [{ address: ["${VIP6}/64", "${LINK_LOCAL_VIP}/64"], router_id: 77, advert_interval: 1s }]`,
  },
  {
    name: "VRRPv3 over IPv6 by unicast",
    vip: VIP6,
    version: 3,
    keepalived: {
      vips: [`${LINK_LOCAL_VIP}/64`, `${VIP6}/64`],
      source: THEIRS.ipv6,
      peers: [OURS.ipv6],
      extra: HOP_LIMIT,
    },
    yaml: `vips: [{ address: ["${VIP6}/64", "${LINK_LOCAL_VIP}/64"], router_id: 77, advert_interval: 1s, transport: unicast, peers: ["${THEIRS.ipv6}"] }]`,
  },
  {
    name: "the article's keepalived.conf: VRRPv2, PASS, unicast to a list with both nodes, a label",
    vip: VIP,
    version: 2,
    keepalived: {
      version: 2,
      routerId: 50,
      vips: [`${VIP}/24 dev eth0 label eth0:1`],
      authPass: "~bG7n)4?",
      peers: [OURS.ipv4, THEIRS.ipv4],
      extra: ["no_accept"],
    },
    yaml: `
vips:
  - address: ${VIP}/24
    interface: eth0
    label: eth0:1
    router_id: 50
    vrrp_version: 2
    advert_interval: 1s
    auth_pass: ~bG7n)4?
    transport: unicast
    peers: [${OURS.ipv4}, ${THEIRS.ipv4}]
`,
  },
];

for (const { name, vip, version, keepalived: differences, yaml } of variants) {
  describe(`keepalived: ${name}`, () => {
    let pair: VrrpPair;
    let keepalived: KeepalivedRouter;

    before(async () => {
      pair = await VrrpPair.open(vip, yaml);
    });

    after(async () => {
      await pair.close();
    });

    it("waits while keepalived has the VIP and this node does not lead", async () => {
      pair.lead(false);
      const common = { version: 3, routerId: 77, priority: 100, advertIntervalSeconds: 1, vips: [] } as const;
      keepalived = KeepalivedRouter.start(pair.theirs, { ...common, ...differences });
      await keepalived.inState("MASTER");
      await pair.watch.holder("theirs");
      await pair.agents.start(pair.ours);
      const group = await pair.groupWith("the holder is known", ({ holder }) => holder !== null);
      assert.equal(group.state, "standby");
      assert.deepEqual([group.holder?.self, group.holder?.priority], [false, 100]);
      assert.deepEqual(
        group.peers.map(({ vrrpVersion, advertIntervalMs }) => [vrrpVersion, advertIntervalMs]),
        [[version, 1000]],
      );
    });

    it("takes it when this node leads, and keepalived goes to BACKUP", async () => {
      pair.lead(true);
      await pair.watch.holder("ours");
      await keepalived.inState("BACKUP");
    });

    it("keeps it while keepalived waits", async () => {
      const before = pair.watch.changes.length;
      // Longer than keepalived's Master_Down_Interval: one lost understanding, and it would take the VIP.
      await sleep(5_000);
      assert.deepEqual(pair.watch.changes.slice(before), []);
      const { alarms } = await pair.groupWith("the holder", ({ state }) => state === "holder");
      assert.deepEqual(alarms, []);
    });

    it("lets keepalived have it by priority 0, within its skew time", async () => {
      const { drops } = await pair.status();
      assert.deepEqual(drops, {});
      await pair.agents.stop(pair.ours);
      await pair.watch.holder("theirs");
      await keepalived.inState("MASTER");
      await pair.followedBySkew();
    });

    it("is found correct by keepalived, and finds keepalived correct", async () => {
      await pair.agents.start(pair.ours);
      await pair.watch.holder("ours");
      await keepalived.inState("BACKUP");
      const { drops, groups } = await pair.status();
      assert.deepEqual(drops, {});
      assert.deepEqual(groups[0]?.alarms, []);
      const statistics = await keepalived.statistics();
      assert.ok(statistics.received > 5 && statistics.sent > 1, JSON.stringify(statistics));
      assert.equal(statistics.priorityZeroReceived, 1);
      for (const [error, count] of Object.entries(statistics.errors)) assert.equal(count, 0, error);
    });

    it("is found correct by Wireshark", async () => {
      assert.ok((await pair.judgePackets()) > 5);
    });
  });
}
