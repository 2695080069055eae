/**
 * Routers that ought to agree with ours and do not: keepalived with a priority that leaves us none above it, or configured
 * otherwise. What is wrong, and with whom, stands in the status.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import { type KeepalivedSettings, KeepalivedRouter } from "../../lab/keepalived-router.js";
import { OURS, THEIRS, VrrpPair } from "../e2e/vrrp-pair.js";

const VIP = "10.186.157.199";
const v3 = `vips: [{ address: ${VIP}/24, router_id: 77 }]`;
const v2 = `vips: [{ address: ${VIP}/24, router_id: 77, vrrp_version: 2, auth_pass: secret12 }]`;
const same: KeepalivedSettings = {
  ...{ version: 3, routerId: 77, priority: 100, advertIntervalSeconds: 0.1, vips: [`${VIP}/24`] },
};

describe("keepalived against the leader's priority", () => {
  let pair: VrrpPair;

  before(async () => {
    pair = await VrrpPair.open(VIP, v3);
  });

  after(async () => {
    await pair.close();
  });

  // Its address is the higher one: an equal priority would be its VIP by RFC 9568 section 6.4.3.
  for (const priority of [254, 255]) {
    it(`takes the VIP from a keepalived with priority ${priority}`, async () => {
      pair.lead(false);
      const keepalived = KeepalivedRouter.start(pair.theirs, { ...same, priority });
      await keepalived.inState("MASTER");
      await pair.agents.start(pair.ours);
      await pair.groupWith("keepalived is heard", ({ holder }) => holder?.priority === priority);
      pair.lead(true);
      await pair.watch.holder("ours");
      await keepalived.inState("BACKUP");
      const { holder } = await pair.groupWith("we hold", ({ state }) => state === "holder");
      const ourselves = { address: OURS.ipv4, name: "ours", self: true, priority: 255, lastAdvertAt: null };
      assert.deepEqual(holder, ourselves);
      await pair.agents.stop(pair.ours);
      await keepalived.stop();
    });
  }
});

interface Trouble {
  readonly name: string;
  readonly yaml: string;
  readonly keepalived: Partial<KeepalivedSettings>;
  readonly alarm: string;
  readonly text: RegExp;
  /** Whether it is dropped, and as what. */
  readonly drop: string | null;
}

const troubles: readonly Trouble[] = [
  {
    name: "the other version",
    yaml: v3,
    keepalived: { version: 2, advertIntervalSeconds: 1 },
    ...{ alarm: "advert-refused", drop: "otherVersion", text: /speaks VRRPv2, this node VRRPv3/ },
  },
  {
    name: "another password",
    yaml: v2,
    keepalived: { version: 2, advertIntervalSeconds: 1, authPass: "secret13" },
    ...{ alarm: "advert-refused", drop: "password", text: /another VRRPv2 password/ },
  },
  {
    name: "no password",
    yaml: v2,
    keepalived: { version: 2, advertIntervalSeconds: 1 },
    ...{ alarm: "advert-refused", drop: "authenticationType", text: /no password/ },
  },
  {
    name: "another interval",
    yaml: v3,
    keepalived: { advertIntervalSeconds: 0.2 },
    ...{ alarm: "interval-differs", drop: null, text: /each 200 ms; this node each 100 ms/ },
  },
  {
    name: "one VIP more",
    yaml: v3,
    keepalived: { vips: [`${VIP}/24`, "10.186.157.200/24"] },
    ...{
      alarm: "vips-differ",
      drop: null,
      text: /10\.186\.157\.199, 10\.186\.157\.200; this node has 10\.186\.157\.199/,
    },
  },
  {
    name: "a stranger on our router ID",
    yaml: v3,
    keepalived: { vips: ["10.186.157.150/24"] },
    ...{ alarm: "router-id-foreign", drop: null, text: /uses our virtual router ID for 10\.186\.157\.150/ },
  },
];

describe("keepalived configured otherwise", () => {
  let pair: VrrpPair;

  before(async () => {
    pair = await VrrpPair.open(VIP, v3);
    pair.lead(false);
  });

  after(async () => {
    await pair.close();
  });

  for (const { name, yaml, keepalived, alarm, text, drop } of troubles) {
    it(`is named: ${name}`, async () => {
      const other = KeepalivedRouter.start(pair.theirs, { ...same, ...keepalived });
      await other.inState("MASTER");
      pair.configure(yaml);
      await pair.agents.start(pair.ours);
      const wanted = (code: string): boolean => code === alarm;
      const { alarms } = await pair.groupWith(`the alarm ${alarm}`, (group) =>
        group.alarms.some(({ code }) => wanted(code)),
      );
      const found = alarms.find(({ code }) => wanted(code));
      assert.match(found?.text ?? "", text);
      assert.ok(found?.text.includes(THEIRS.ipv4), found?.text);
      const status = await pair.status();
      assert.deepEqual(Object.keys(status.drops), drop === null ? [] : [drop]);
      assert.match(readFileSync(pair.agents.logFile(pair.ours), "utf8"), text);
      await pair.agents.stop(pair.ours);
      await other.stop();
    });
  }

  it("is told without any password", async () => {
    pair.configure(v2);
    await pair.agents.start(pair.ours);
    await pair.groupWith("it runs", ({ state }) => state === "standby");
    const status = JSON.stringify(await pair.status());
    const commandLine = readFileSync(`/proc/${pair.agents.processOn(pair.ours).pid}/cmdline`, "utf8");
    const log = readFileSync(pair.agents.logFile(pair.ours), "utf8");
    assert.ok(commandLine.includes("pgvip.yml") && log.length > 0);
    for (const text of [status, commandLine, log]) assert.doesNotMatch(text, /secret1/);
  });
});
