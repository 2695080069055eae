/**
 * Plays faults on a system in the lab. Each begins with a healthy cluster whose leader alone has the VIP, and a client that
 * can use it. When a system does not come back to that by itself, its row says so; when the fault cannot be played to its
 * end, that is reported. In both cases the next fault begins on a cluster made anew.
 */
import { Flooder } from "../../lab/flooder.js";
import type { ProbeRecord } from "../../lab/probe/records.js";
import { Prober } from "../../lab/prober.js";
import { AddressRights } from "../../lab/rights.js";
import { labProgram } from "../../lab/process.js";
import { Scene, type SceneOptions } from "../../lab/scene.js";
import { Stage } from "../../lab/stage.js";
import { StandInCluster } from "../../lab/stand-in-cluster.js";
import { vip, vipCidr } from "../../lab/topology.js";
import { nowMs, sleep, until } from "../../lab/wait.js";
import { Capture } from "../capture.js";
import type { Bound, Fault, MarkName, Plot } from "./fault.js";
import type { ForgedAdvert, Forgery } from "./forgery.js";
import { missedBounds } from "./judge.js";
import { measureAll, type Seen, type Value, lockTakenBack } from "./measures.js";
import type { Row } from "./results.js";
import { type FaultSystem, routerId, type Segmented } from "./systems.js";
import { WaitingClient } from "./waiting-client.js";

/** An echo each 10 ms, two sessions with a statement each 50 ms, Patroni asked each 20 ms. */
const clientProbe = { sessions: { count: 2, everyMs: 50 }, patroniEveryMs: 20 };
/** On each node, only writes to its own PostgreSQL. */
const localProbe = {
  echo: { calmMs: 60_000, closeMs: 60_000 },
  connect: { calmMs: 60_000, closeMs: 60_000 },
  write: { calmMs: 100, closeMs: 20 },
};
/** Programs that have just begun are still loading, with a priority of their own: that load is none of the fault's. */
const settleMs = 2_000;
/** Longer than a cluster needs to form again after any of the faults. */
const healMs = 120_000;
/** What is bounded after every fault: the VIP moves once more, if at all. */
const afterwards: Bound = { measure: "usable", atMost: 5_000 };

/** Where faults are played. */
interface Ground {
  readonly stage: Stage;
  readonly rights: AddressRights;
}

/** A system on a cluster, ready for one fault after the other. */
export class FaultRun {
  readonly #system: FaultSystem;
  readonly #sceneOptions: SceneOptions;
  readonly #recoverMs: number;
  #ground: Ground | null = null;

  /** `recoverMs`: how long a system may need to be in order again, once its cluster is. */
  constructor(system: FaultSystem, sceneOptions: SceneOptions, recoverMs = 60_000) {
    this.#system = system;
    this.#sceneOptions = sceneOptions;
    this.#recoverMs = recoverMs;
  }

  async play(fault: Fault): Promise<Row> {
    const place = { system: this.#system.name, fault: fault.name };
    try {
      const ground = (this.#ground ??= await this.#open());
      const seen = await this.#measure(ground, fault);
      if (lockTakenBack(seen)) throw new Error(`Patroni let ${seen.leader} overwrite the leader key of ${seen.other}`);
      const values = measureAll(seen);
      if (seen.usable === "never") await this.close();
      return { kind: "measured", ...place, values, missed: missedBounds([...fault.bounds, afterwards], values) };
    } catch (error) {
      await this.close();
      const reason = error instanceof Error ? error.message : String(error);
      return { kind: "failed", ...place, reason };
    }
  }

  async close(): Promise<void> {
    await this.#ground?.stage.close();
    this.#ground = null;
  }

  async #open(): Promise<Ground> {
    const scene = await Scene.open(this.#sceneOptions);
    try {
      const rights = await AddressRights.build(scene.topology.lab.directory);
      const manager = this.#system.create(rights.env);
      const leader = await scene.cluster.waitHealthy();
      await Promise.all(scene.topology.nodes.map((node) => manager.start(node)));
      await scene.watch.holder(leader);
      const prober = await Prober.start(scene.topology.client, vip, scene.cluster, clientProbe);
      return { stage: new Stage(scene, manager, vip, prober), rights };
    } catch (error) {
      await scene.close();
      throw error;
    }
  }

  async #measure(ground: Ground, fault: Fault): Promise<Seen> {
    const { stage } = ground;
    const { scene, cluster, topology } = stage;
    const leader = await cluster.waitHealthy();
    await stage.watch.holder(leader);
    const other = scene.otherThan(leader);
    const leaderMac = (await segmented(stage, leader)).mac;
    const localProbers = await startLocalProbers(stage);
    const waiting = await WaitingClient.start(topology.client, vip, cluster.writeProtocol);
    const capture = await Capture.start(topology.client);
    const marks = new Map<MarkName, number>();
    const plot = this.#plot(ground, leader, other, marks);
    await sleep(settleMs);

    const outcome = await stage.measure(
      () => fault.act(plot),
      () => Promise.resolve(),
    );
    const wire = await capture.stop();
    const waitEndedMs = waiting.endedMs;
    await waiting.close();
    const localWrites = new Map([...localProbers].map(([node, { records }]) => [node, records] as const));
    for (const prober of localProbers.values()) await prober.kill();
    await fault.mend?.(plot);
    const usable = await this.#heal(stage);
    const hostKilled = fault.hostKilled ?? false;
    return { outcome, leader, other, hostKilled, marks, localWrites, usable, waitEndedMs, wire, leaderMac };
  }

  #plot({ stage, rights }: Ground, leader: string, other: string, marks: Map<MarkName, number>): Plot {
    return {
      stage,
      rights,
      leader,
      other,
      mark: (name) => void marks.set(name, nowMs()),
      forge: async (priority, everyMs, times) => {
        const adverts = await this.#forgedAdverts(stage, leader, other);
        await forge(stage, { vip, everyMs, times, priority, adverts: [...adverts], announcements: false });
      },
      lure: (everyMs, times) => forge(stage, { vip, everyMs, times, priority: 0, adverts: [], announcements: true }),
      flood: async (perSecond, seconds) => {
        const flooder = await Flooder.build(stage.topology, routerId);
        return flooder.flood(perSecond, seconds);
      },
      standIn() {
        if (stage.cluster instanceof StandInCluster) return stage.cluster;
        throw new Error("this fault needs a cluster of stand-ins");
      },
    };
  }

  async #forgedAdverts(stage: Stage, leader: string, other: string): Promise<readonly ForgedAdvert[]> {
    const { name, address } = stage.topology.console;
    const rivals = [await segmented(stage, leader), await segmented(stage, other)] as const;
    return this.#system.forged(...rivals, { name, address, mac: "" });
  }

  /**
   * Back to a healthy cluster whose leader alone has the VIP; what a system left elsewhere is taken away. The cluster has to
   * come back, a system may fail to: then it is `never` usable again.
   */
  async #heal({ scene, watch, cluster, prober }: Stage): Promise<Value> {
    const leader = await cluster.waitHealthy(undefined, healMs);
    const healthyMs = nowMs();
    await sleep(1_000);
    for (const { name } of scene.topology.nodes) {
      if (name === leader || !watch.holders.includes(name)) continue;
      await scene.topology.lab.host(name).exec("ip", ["address", "delete", vipCidr, "dev", "eth0"]);
    }
    const used = (): number | null =>
      watch.holders.join() === leader ? writtenSince(prober, healthyMs, leader) : null;
    const usedMs = await until("a write through the VIP", used, { timeoutMs: this.#recoverMs }).catch(() => null);
    return usedMs === null ? "never" : usedMs - healthyMs;
  }
}

async function forge({ topology }: Stage, order: Forgery): Promise<void> {
  const [command, args] = labProgram("../bench/faults/forge-program.ts", [JSON.stringify(order)]);
  const { code, stderr } = await topology.console.exec(command, args, { timeoutMs: 60_000 });
  if (code !== 0) throw new Error(`the forger failed: ${stderr}`);
}

/** When a client first wrote to the leader through the VIP. */
function writtenSince({ records }: Prober, sinceMs: number, leader: string): number | null {
  const written = records.find(
    (record) =>
      record.kind === "write" &&
      record.target === "vip" &&
      record.outcome === "written" &&
      record.node === leader &&
      record.startedMs >= sinceMs,
  );
  return written?.kind === "write" ? written.endedMs : null;
}

async function segmented({ cluster }: Stage, name: string): Promise<Segmented> {
  const node = cluster.node(name);
  const { stdout } = await node.exec("cat", ["/sys/class/net/eth0/address"]);
  return { name, address: node.address, mac: stdout.trim() };
}

/** A probe on each node that writes to the PostgreSQL there. */
async function startLocalProbers({ cluster }: Stage): Promise<ReadonlyMap<string, Prober>> {
  const probers = await Promise.all(
    cluster.nodes.map(async (node) => {
      const target = { writeProtocol: cluster.writeProtocol, nodes: [] };
      const prober = await Prober.start(node, node.address, target, localProbe);
      const written = (record: ProbeRecord): boolean => record.kind === "write" && record.outcome !== "failed";
      await until(`a first write on ${node.name}`, () => prober.records.some(written));
      prober.attend("close");
      return [node.name, prober] as const;
    }),
  );
  return new Map(probers);
}
