/**
 * A VIP that two nodes elect, and a stranger on their segment: without keys the stranger decides, with keys it does nothing. Keys are
 * brought in and changed node by node, and the VIP never moves for it.
 */
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import { advertFrame } from "../../lab/advert-frame.js";
import { PgvipAgents } from "../../lab/agents.js";
import type { Host } from "../../lab/host.js";
import { Lab } from "../../lab/network.js";
import { type LabProcess, labProgram } from "../../lab/process.js";
import { StandInCluster } from "../../lab/stand-in-cluster.js";
import { sleep, until } from "../../lab/wait.js";
import { HolderWatch } from "../../lab/watch.js";
import type { StatusDocument } from "../../src/status.js";
import { signedPart, unsignedTrailer } from "../../src/wire/advert-trailer.js";
import { viewOf } from "../../src/wire/bytes.js";
import { centis, priority, vrid } from "../../src/wire/units.js";
import { VRRP_GROUP, emitAdvert } from "../../src/wire/vrrp.js";

const VIP = "10.186.157.199";
const ADDRESSES = { better: "10.186.157.61", worse: "10.186.157.62", stranger: "10.186.157.66" } as const;
const ROUTER_ID = 50;
const KEYS = { 1: "5eed".repeat(16), 2: "c0de".repeat(16) } as const;
type KeyId = keyof typeof KEYS;

/** An advert that never came from this agent. With a secret it is signed, by key 1. */
function forged(source: string, level: number, secret: string | null): string {
  const ends = { source, destination: VRRP_GROUP.ipv4 };
  const advert = { kind: "v3", family: "ipv4", vrid: vrid(ROUTER_ID), priority: priority(level) } as const;
  const payload = emitAdvert({ ...advert, interval: centis(10), addresses: [VIP] }, ends, {
    checksum: "pseudoHeader",
    ...(secret === null ? {} : { trailer: unsignedTrailer(1) }),
  });
  if (secret !== null) {
    viewOf(payload).setUint32(payload.length - 24, Math.floor(Date.now() / 1000));
    const digest = createHmac("sha256", secret)
      .update(signedPart(payload, { family: "ipv4", source }))
      .digest();
    payload.set(digest.subarray(0, 16), payload.length - 16);
  }
  return Buffer.from(advertFrame(payload, ends)).toString("hex");
}

describe("signed adverts", () => {
  let lab: Lab;
  let watch: HolderWatch;
  let stranger: Stranger;
  let nodes: readonly Node[];
  let better: Node;
  let worse: Node;

  before(async () => {
    lab = await Lab.create([
      ...(["better", "worse", "stranger"] as const).map((name) => ({ name, addresses: [`${ADDRESSES[name]}/24`] })),
      { name: "dcs", addresses: ["10.186.157.10/24"] },
    ]);
    const hosts = [lab.host("better"), lab.host("worse")];
    watch = await HolderWatch.start(lab, VIP);
    await StandInCluster.start(hosts, lab.host("dcs"), lab.host("dcs"));
    better = new Node(lab.host("better"), 200);
    worse = new Node(lab.host("worse"), 100);
    nodes = [better, worse];
    for (const node of nodes) {
      node.configure([]);
      await node.agents.start(node.host);
    }
    stranger = new Stranger(lab.host("stranger"));
    await watch.holder("better");
  });

  after(async () => {
    await lab.close();
  });

  /** Each node in turn gets other settings; the VIP stays where it is. */
  async function roll(settings: readonly string[]): Promise<void> {
    const changes = watch.changes.length;
    for (const node of nodes) {
      node.configure(settings);
      const { code, stderr } = await node.agents.command(node.host, ["reload"]);
      assert.equal(code, 0, stderr);
      // Long enough for the other node to take an advert for missing.
      await sleep(1_500);
    }
    assert.deepEqual(watch.changes.slice(changes), []);
    assert.deepEqual(watch.holders, ["better"]);
  }

  it("without keys, a stranger's advert takes the VIP away", async () => {
    const changes = watch.changes.length;
    await stranger.send([forged(ADDRESSES.stranger, 255, null)], 10);
    await until("the VIP is lost", () => watch.changes.slice(changes).some(({ has }) => !has));
    await watch.holder("better");
  });

  it("are introduced node by node without losing the VIP", async () => {
    await roll([keys(1), "auth_mode: receive-only"]);
    await roll([keys(1), "auth_mode: permissive"]);
    await roll([keys(1)]);
    const heard = await until("the other node hears signed adverts", async () => {
      const { groups } = await worse.status();
      return groups[0]?.peers.find(({ keyId }) => keyId === 1) ?? null;
    });
    assert.equal(heard.address, ADDRESSES.better);
    assert.ok(Math.abs(heard.clockAheadMs ?? Infinity) < 1_000, "one machine has one clock");
  });

  it("let no stranger in: forged adverts of any kind change nothing, and are told", async () => {
    const changes = watch.changes.length;
    const before = (await better.status()).groups[0];
    const secrets = [null, "not the key, but as long as the key"];
    const names = [ADDRESSES.stranger, ADDRESSES.better, ADDRESSES.worse];
    // One after the other: 150 a second in each name. Beyond 200, a flood crowds out what the peer itself sends (ADR 13).
    for (const secret of secrets) {
      const frames = names.flatMap((name) => [255, 1, 0].map((level) => forged(name, level, secret)));
      await stranger.send(frames, 50);
    }
    for (const [node, role] of [
      [better, "holder"],
      [worse, "standby"],
    ] as const) {
      const { groups, drops } = await node.status();
      assert.equal(groups[0]?.state, role);
      assert.ok((drops["unsigned"] ?? 0) >= 20 && (drops["signature"] ?? 0) >= 20, JSON.stringify(drops));
      const alarms = groups[0].alarms.map(({ text }) => text).join("\n");
      assert.match(alarms, new RegExp(`${ADDRESSES.stranger}.*its adverts are dropped`));
    }
    assert.deepEqual(watch.changes.slice(changes), []);
    assert.equal((await better.status()).groups[0]?.counters["conflicts"], before?.counters["conflicts"]);
  });

  it("get another key node by node without losing the VIP", async () => {
    await roll([keys(1, 2)]);
    await roll([keys(2, 1)]);
    await roll([keys(2)]);
    const { groups } = await worse.status();
    assert.equal(groups[0]?.peers[0]?.keyId, 2);
  });

  it("are of no use as a recording: who is dead stays dead", async () => {
    assert.ok((await stranger.order({ kind: "record", forMs: 1_000 })) > 5);
    await better.agents.kill(better.host);
    await watch.holder("worse");
    await sleep(6_000);
    const changes = watch.changes.length;
    await stranger.order({ kind: "playBack", times: 5 });
    const { groups, drops } = await worse.status();
    assert.equal(groups[0]?.state, "holder");
    assert.ok((drops["stale"] ?? 0) > 20, JSON.stringify(drops));
    assert.deepEqual(watch.changes.slice(changes), []);
  });

  it("keep their keys to themselves", async () => {
    await better.agents.start(better.host);
    await watch.holder("better");
    for (const node of nodes) {
      const said: string[] = [];
      const file = `${node.host.directory}/pgvip.yml`;
      for (const words of [["status"], ["status", "--json"], ["history"], ["doctor"], ["check", "--config", file]]) {
        const { stdout, stderr } = await node.agents.command(node.host, words);
        assert.notEqual(stdout + stderr, "", words.join(" "));
        said.push(stdout, stderr);
      }
      const files = readdirSync(node.host.directory, { recursive: true, encoding: "utf8", withFileTypes: true });
      // `ipc` is a namespace.
      const texts = files.filter((entry) => entry.isFile() && !/\.key$|^ipc$/.test(entry.name));
      for (const { name, parentPath } of texts) {
        said.push(readFileSync(`${parentPath}/${name}`, "latin1"));
      }
      for (const pid of await node.host.pids()) said.push(readFileSync(`/proc/${String(pid)}/cmdline`, "latin1"));
      for (const secret of Object.values(KEYS)) {
        const bytes = Buffer.from(secret, "hex");
        const [list, object] = [JSON.stringify([...bytes]), JSON.stringify(new Uint8Array(bytes))];
        const forms = [
          secret,
          bytes.toString("base64"),
          bytes.toString("latin1"),
          list.slice(1, -1),
          object.slice(1, -1),
        ];
        for (const form of forms) {
          assert.ok(!said.some((text) => text.includes(form)), form);
        }
      }
    }
  });

  /** The setting with these keys, the first of which signs. */
  function keys(...ids: readonly KeyId[]): string {
    return `auth_keys: [${ids.map((id) => `"${String(id)}=file:KEYS/${String(id)}.key"`).join(", ")}]`;
  }

  class Node {
    readonly host: Host;
    readonly agents: PgvipAgents;
    readonly #priority: number;

    constructor(host: Host, level: number) {
      this.host = host;
      this.#priority = level;
      for (const [id, secret] of Object.entries(KEYS)) {
        writeFileSync(`${host.directory}/${id}.key`, `hex:${secret}\n`, { mode: 0o600 });
      }
      this.agents = new PgvipAgents({ vips: [], extra: ["--config", `${host.directory}/pgvip.yml`] });
    }

    configure(settings: readonly string[]): void {
      const common = [`router_id: ${String(ROUTER_ID)}`, "role: any", `priority: ${String(this.#priority)}`];
      const lines = [...common, ...settings].map((line) => `    ${line.replaceAll("KEYS", this.host.directory)}`);
      writeFileSync(
        `${this.host.directory}/pgvip.yml`,
        ["log_level: trace", "vips:", `  - address: ${VIP}/24`, ...lines].join("\n"),
      );
    }

    status(): Promise<StatusDocument> {
      return this.agents.status(this.host);
    }
  }
});

/** The program on the stranger's host. */
class Stranger {
  readonly #process: LabProcess;
  readonly #answers: string[] = [];

  constructor(host: Host) {
    const [command, args] = labProgram("../test/agents/forger-program.ts");
    this.#process = host.spawnPiped(command, args, { log: "stranger" });
    this.#process.onLine((line) => this.#answers.push(line));
  }

  send(frames: readonly string[], times: number): Promise<number> {
    return this.order({ kind: "send", frames, times });
  }

  async order(order: object): Promise<number> {
    this.#process.writeLine(JSON.stringify(order));
    return Number(await until("the stranger has done it", () => this.#answers.shift() ?? null, { timeoutMs: 60_000 }));
  }
}
