/**
 * pgvip and FRR's vrrpd in one virtual router, IPv4 and IPv6 at once. FRR uses the virtual MAC, pgvip the interface's own;
 * neither minds the other's.
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { FrrRouter } from "../../lab/frr.js";
import { sleep } from "../../lab/wait.js";
import { VrrpPair } from "./vrrp-pair.js";

const VIPS = { ipv4: "10.186.157.199/24", ipv6: "fd77::199/64" } as const;
const yaml = `vips: [{ address: ["${VIPS.ipv4}", "${VIPS.ipv6}"], router_id: 77, advert_interval: 1s }]`;

describe("FRR's vrrpd: VRRPv3 over IPv4 and IPv6, virtual MAC", () => {
  let pair: VrrpPair;
  let frr: FrrRouter;

  before(async () => {
    pair = await VrrpPair.open("10.186.157.199", yaml);
  });

  after(async () => {
    await pair.close();
  });

  it("waits while FRR has the VIPs and this node does not lead", async () => {
    pair.lead(false);
    frr = await FrrRouter.start(pair.theirs, { routerId: 77, priority: 100, advertIntervalMs: 1000, ...VIPS });
    await frr.inState("Master");
    await pair.agents.start(pair.ours);
    const group = await pair.groupWith("both families are heard", ({ peers }) => peers.length === 2);
    assert.equal(group.state, "standby");
    assert.deepEqual(group.alarms, []);
    assert.deepEqual(
      group.peers.map(({ vrrpVersion, checksum, priority }) => [vrrpVersion, checksum, priority]).sort(),
      [
        [3, "pseudo-header", 100],
        [3, null, 100],
      ].sort(),
    );
  });

  it("takes both when this node leads, and FRR goes to Backup", async () => {
    pair.lead(true);
    await pair.groupWith("this node holds", ({ state }) => state === "holder");
    await frr.inState("Backup");
  });

  it("keeps them while FRR waits", async () => {
    const transitions = frr.log.match(/Backup -> Master/g)?.length;
    await sleep(5_000);
    assert.equal(frr.log.match(/Backup -> Master/g)?.length, transitions);
    const group = await pair.groupWith("this node holds", ({ state }) => state === "holder");
    assert.deepEqual([group.alarms, group.peers], [[], []]);
  });

  it("lets FRR have them by priority 0, within its skew time", async () => {
    const { drops } = await pair.status();
    assert.deepEqual(drops, {});
    await pair.agents.stop(pair.ours);
    await frr.inState("Master");
    await pair.followedBySkew();
  });

  it("is found correct by FRR, and finds FRR correct", async () => {
    await pair.agents.start(pair.ours);
    await frr.inState("Backup");
    const { drops, groups } = await pair.status();
    assert.deepEqual(drops, {});
    assert.deepEqual(groups[0]?.alarms, []);
    const state = await frr.state();
    assert.ok(
      state !== null && state.ipv4.advertsReceived > 4 && state.ipv6.advertsReceived > 4,
      JSON.stringify(state),
    );
    assert.match(frr.log, /Received VRRP Advertisement/);
    assert.doesNotMatch(frr.log, /invalid|mismatch|this VRRP instance has|[Bb]ad/);
  });

  it("is found correct by Wireshark", async () => {
    assert.ok((await pair.judgePackets()) > 10);
  });
});
