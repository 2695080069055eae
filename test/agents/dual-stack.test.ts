/**
 * A group with an IPv4 and an IPv6 VIP: both move together, and a client that keeps connecting over IPv6 finds the new
 * node by the neighbor advertisement, not by waiting until its own cache doubts the old one.
 */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import * as v from "valibot";
import { PgvipAgents } from "../../lab/agents.js";
import { Capture } from "../../lab/capture.js";
import type { Host } from "../../lab/host.js";
import { parseLine } from "../../lab/json-lines.js";
import { Lab } from "../../lab/network.js";
import { StandInCluster } from "../../lab/stand-in-cluster.js";
import { until } from "../../lab/wait.js";
import { HolderWatch } from "../../lab/watch.js";
import { decodeFile } from "../wire/tshark.js";

const VIP = "10.8.0.100";
const VIP6 = "fd08::100";
const plans = [
  { name: "pg1", addresses: ["10.8.0.1/24", "fd08::1/64"] },
  { name: "pg2", addresses: ["10.8.0.2/24", "fd08::2/64"] },
  { name: "client", addresses: ["10.8.0.10/24", "fd08::10/64"] },
  { name: "console", addresses: ["10.8.0.11/24", "fd08::11/64"] },
];

/** Connects again and again; a refused connection is an answer of the host, and all that is asked here. */
const knocker = `
  const { connect } = require("node:net");
  setInterval(() => {
    const startedMs = performance.now();
    const socket = connect({ host: "${VIP6}", port: 9 });
    const done = (answered) => {
      socket.destroy();
      console.log(JSON.stringify({ answered, tookMs: performance.now() - startedMs }));
    };
    socket.setTimeout(3000, () => done(false));
    socket.on("error", (error) => done(error.code === "ECONNREFUSED"));
  }, 20);`;
const knock = v.object({ answered: v.boolean(), tookMs: v.number() });
const addressDump = v.array(
  v.object({
    addr_info: v.array(
      v.object({
        local: v.optional(v.string()),
        nodad: v.optional(v.boolean(), false),
        deprecated: v.optional(v.boolean(), false),
      }),
    ),
  }),
);

describe("an IPv4 and an IPv6 VIP", () => {
  let lab: Lab;
  let cluster: StandInCluster;
  let watch: HolderWatch;
  let watch6: HolderWatch;
  let capture: Capture;
  const knocks: v.InferOutput<typeof knock>[] = [];

  before(async () => {
    lab = await Lab.create(plans);
    const [pg1, pg2, client, console] = ["pg1", "pg2", "client", "console"].map((name) => lab.host(name));
    assert.ok(pg1 !== undefined && pg2 !== undefined && client !== undefined && console !== undefined);
    watch = await HolderWatch.start(lab, VIP);
    watch6 = await HolderWatch.start(lab, VIP6);
    cluster = await StandInCluster.start([pg1, pg2], console, console);
    capture = await Capture.start(client, "icmp6");
    const agents = new PgvipAgents({ vips: [`${VIP}/24`, `${VIP6}/64`] });
    for (const node of [pg1, pg2]) await agents.start(node);
    await bothAt("pg1");
    writeFileSync(`${client.directory}/knocker.cjs`, knocker);
    const process = client.spawnPiped("node", [`${client.directory}/knocker.cjs`], { log: "knocker" });
    process.onLine((line) => knocks.push(parseLine(knock, line)));
    await answers(50);
  });

  after(async () => {
    await lab.close();
  });

  async function bothAt(node: string): Promise<void> {
    await watch.holder(node);
    await watch6.holder(node);
  }

  /** Waits for this many more answers. */
  async function answers(count: number): Promise<void> {
    const wanted = knocks.length + count;
    await until(`${count} answers to the client`, () => knocks.length >= wanted);
  }

  async function macOf(host: Host): Promise<string> {
    return (await host.exec("cat", ["/sys/class/net/eth0/address"])).stdout.trim();
  }

  it("has the IPv6 VIP without duplicate address detection, and never as source", async () => {
    const pg1 = lab.host("pg1");
    const { stdout } = await pg1.exec("ip", ["-j", "-6", "address", "show", "dev", "eth0"]);
    const info = v.parse(addressDump, JSON.parse(stdout)).flatMap(({ addr_info }) => addr_info);
    assert.deepEqual(
      info.filter(({ local }) => local === VIP6),
      [{ local: VIP6, nodad: true, deprecated: true }],
    );
    const route = await pg1.exec("ip", ["-6", "route", "get", "fd08::10"]);
    assert.match(route.stdout, /src fd08::1 /);
  });

  it("moves with the other one, and the client follows", async () => {
    const from = knocks.length;
    await cluster.switchover("pg1", "pg2");
    await bothAt("pg2");
    await answers(50);
    const during = knocks.slice(from);
    assert.deepEqual(
      during.filter(({ answered }) => !answered),
      [],
    );
    // A lost SYN would take 1 s at least, a doubted neighbour 5 s.
    const slowestMs = Math.max(...during.map(({ tookMs }) => tookMs));
    assert.ok(slowestMs < 1_000, `${slowestMs} ms`);
    const { stdout } = await lab.host("client").exec("ip", ["-6", "neigh", "show", VIP6]);
    assert.ok(stdout.includes(await macOf(lab.host("pg2"))), stdout);
  });

  it("was announced as a host's address: override, no router, not solicited", async () => {
    await capture.stop();
    const fields = ["icmpv6.nd.na.flag.o", "icmpv6.nd.na.flag.r", "ipv6.hlim", "ipv6.dst", "icmpv6.checksum.status"];
    const from = `eth.src == ${await macOf(lab.host("pg2"))}`;
    const filter = `${from} && icmpv6.nd.na.target_address == ${VIP6} && icmpv6.nd.na.flag.s == 0`;
    const announced = decodeFile(capture.file, fields, filter);
    assert.ok(announced.length >= 1);
    for (const one of announced) assert.deepEqual(one, ["1", "0", "255", "ff02::1", "1"]);
  });
});
