/** `pgvip listen` beside a running cluster: lines, alarms for what is really sent, and a capture file that tshark reads. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { PgvipAgents } from "../../lab/agents.js";
import { StandInCluster } from "../../lab/stand-in-cluster.js";
import { type Topology, createTopology, vip, vipCidr } from "../../lab/topology.js";
import { nowMs, until } from "../../lab/wait.js";
import type { Line } from "../../src/diagnose/listen.js";
import { emitAdvert } from "../../src/wire/vrrp.js";
import { centis, priority, vrid } from "../../src/wire/units.js";
import { RemoteEngine } from "../native/remote-engine.js";

const program = fileURLToPath(new URL("../../dist/main.js", import.meta.url));
const GROUP = "224.0.0.18";

describe("pgvip listen", () => {
  const agents = new PgvipAgents({ vips: [vipCidr], extra: ["--router-id", "51"] });
  let topology: Topology;
  let cluster: StandInCluster;
  let sender: RemoteEngine;

  before(async () => {
    topology = await createTopology();
    cluster = await StandInCluster.start(topology.nodes, topology.dcs, topology.console);
    for (const node of topology.nodes) await agents.start(node);
    sender = await RemoteEngine.start(topology.client);
    await sender.listen();
    await until("the VIP answers", () => sender.of("advert").length > 5);
  });

  after(async () => {
    await topology.lab.close();
  });

  /** Runs on the console, a host that is neither holder nor sender. */
  async function listen(...args: readonly string[]): Promise<{ readonly code: number | null; readonly lines: Line[] }> {
    const words = [program, "listen", "--interface", "eth0", "--json", ...args];
    const { code, stdout, stderr } = await topology.console.exec(process.execPath, words, { timeoutMs: 30_000 });
    assert.match(stderr, /listening on eth0/);
    const lines = stdout.split("\n").filter(Boolean);
    return { code, lines: lines.map((line) => JSON.parse(line) as Line) };
  }

  /** Sends adverts from the client until the listener has ended. */
  async function listenTo(
    pdu: Uint8Array,
    ...args: readonly string[]
  ): Promise<{ code: number | null; lines: Line[] }> {
    const heard = listen("--count", "60", ...args);
    let isDone = false;
    void heard.finally(() => (isDone = true));
    const adverts = [{ family: "ipv4" as const, source: topology.client.address, destination: GROUP, pdu }];
    const startedMs = nowMs();
    await until("the listener ends", async () => {
      await sender.give({ kind: "sendAdverts", ifIndex: sender.link.ifIndex, adverts });
      if (nowMs() - startedMs > 25_000) throw new Error("the listener heard too little");
      return isDone;
    });
    return heard;
  }

  function advert(id: number, addresses: readonly string[]): Uint8Array {
    const fields = {
      kind: "v3",
      family: "ipv4",
      vrid: vrid(id),
      priority: priority(200),
      interval: centis(10),
    } as const;
    return emitAdvert(
      { ...fields, addresses },
      { source: topology.client.address, destination: GROUP },
      { checksum: "pseudoHeader" },
    );
  }

  it("shows the holder's adverts, and has nothing to complain of", async () => {
    const holder = cluster.node(await cluster.leader());
    // Beside the adverts there may still be the last of the announcements.
    const { code, lines } = await listen("--count", "12", "--vip", vip, "--router-id", "51");
    assert.equal(code, 0);
    assert.equal(lines.length, 12);
    const adverts = lines.filter(({ text }) => text.includes(" VRRP"));
    assert.ok(adverts.length >= 5, JSON.stringify(lines));
    for (const { text } of adverts) {
      assert.match(
        text,
        new RegExp(`eth0 VRRPv3 ${holder.address} -> ${GROUP}, router ID 51, priority 254, every 100 ms, VIP ${vip}`),
      );
    }
    assert.deepEqual(
      lines.flatMap(({ alarms }) => alarms),
      [],
    );
  });

  it("shows who asks for the VIP, and who answers", async () => {
    await topology.client.exec("ip", ["neigh", "flush", "all"]);
    const heard = listen("--count", "25", "--vip", vip);
    await topology.client.exec("bash", [
      "-c",
      `for n in 1 2 3 4 5 6; do ip neigh flush all; timeout 1 bash -c 'echo > /dev/tcp/${vip}/5432'; sleep 0.3; done`,
    ]);
    const texts = (await heard).lines.map(({ text }) => text).join("\n");
    assert.match(texts, new RegExp(`ARP who has ${vip.replaceAll(".", "\\.")}\\? asks ${topology.client.address} at`));
  });

  it("raises an alarm for a bad checksum", async () => {
    const pdu = advert(51, [vip]).slice();
    pdu[6] = (pdu[6] ?? 0) ^ 0xff;
    const { code, lines } = await listenTo(pdu);
    assert.equal(code, 1);
    const bad = lines.find(({ alarms }) => alarms.includes("bad-advert"));
    assert.match(bad?.text ?? "", new RegExp(`ALARM bad checksum from ${topology.client.address}, router ID 51`));
  });

  it("raises an alarm for a router ID that does not belong here", async () => {
    const { code, lines } = await listenTo(advert(77, ["10.186.157.77"]), "--router-id", "51");
    assert.equal(code, 1);
    const alien = lines.find(({ alarms }) => alarms.includes("unknown-router-id"));
    assert.match(alien?.text ?? "", /uses router ID 77, which is not ours/);
  });

  it("raises an alarm for two holders", async () => {
    const { code, lines } = await listenTo(advert(51, [vip]));
    assert.equal(code, 1);
    const two = lines.find(({ alarms }) => alarms.includes("two-holders"));
    assert.match(two?.text ?? "", /ALARM .* both announce router ID 51/);
  });

  it("writes every frame byte for byte, so that tshark reads it", async () => {
    const file = `${topology.console.directory}/out.pcap`;
    const { lines } = await listen("--count", "8", "--pcap", file);
    const { stdout, stderr } = await topology.console.exec("tshark", ["-r", file, "-T", "json", "-x"], {
      timeoutMs: 30_000,
    });
    assert.doesNotMatch(stderr, /cut short|damaged|malformed/i);
    const packets = JSON.parse(stdout) as {
      _source: { layers: { frame_raw: [string]; vrrp?: Record<string, string> } };
    }[];
    const frames = packets.map(({ _source }) => _source.layers.frame_raw[0]);
    for (const { frame } of lines) assert.ok(frames.includes(frame), frame);
    const known = packets.flatMap(({ _source: { layers } }) => (layers.vrrp === undefined ? [] : [layers.vrrp]));
    assert.ok(known.length > 0);
    for (const vrrp of known) assert.equal(vrrp["vrrp.virt_rtr_id"], "51");
    const { stdout: times } = await topology.console.exec("tshark", [
      "-r",
      file,
      "-T",
      "fields",
      "-e",
      "frame.time_epoch",
    ]);
    for (const time of times.trim().split("\n")) assert.ok(Math.abs(Number(time) - Date.now() / 1000) < 3600, time);
  });

  it("ends with Ctrl-C, in order", async () => {
    const listener = topology.console.spawnPiped(process.execPath, [program, "listen"], { log: "listen" });
    const lines: string[] = [];
    listener.onLine((line) => lines.push(line));
    await until("the first line", () => lines.length > 0);
    assert.deepEqual(await listener.stop("SIGINT"), { code: 0, signal: null });
  });

  it("refuses bad input by name", async () => {
    for (const [args, message] of [
      [["--interface", "eth7"], /--interface eth7: there is no such Ethernet interface \(there are: eth0\)/],
      [["--count", "0"], /--count.*whole number from 1/s],
      [["--router-id", "256"], /--router-id.*1 to 255/s],
      [["--vip", "nonsense"], /--vip.*IP address/s],
      [["--pcap", "/nowhere/x.pcap"], /--pcap \/nowhere\/x\.pcap cannot be written/],
    ] as const) {
      const { code, stderr } = await topology.console.exec(process.execPath, [program, "listen", ...args], {
        timeoutMs: 10_000,
      });
      assert.equal(code, 2, stderr);
      assert.match(stderr, message);
    }
  });
});
