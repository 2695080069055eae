/**
 * The rounds on a whole cluster. In each round all systems take part, in an order that moves on by one from round to
 * round; each is put on a healthy cluster, plays all scenarios, and is taken away. When something did not go as it
 * should, that is reported, and the next system finds a cluster made anew.
 */
import { Prober } from "../lab/prober.js";
import { Scene, type SceneOptions } from "../lab/scene.js";
import { Stage } from "../lab/stage.js";
import { vip, vipCidr } from "../lab/topology.js";
import type { VipManager } from "../lab/vip-manager.js";
import { nowMs, sleep } from "../lab/wait.js";
import { measureCalm } from "./calm.js";
import { Capture, wallClockOffsetMs } from "./capture.js";
import { lanesOf } from "./lanes.js";
import { type RoundLog, RoundLogs, saveLogs, takeOverIn } from "./logs.js";
import { measureAll } from "./measures.js";
import { Neighbours } from "./neighbours.js";
import { CostMeter } from "./processes.js";
import type { Calm, Results, Round, Start } from "./results.js";
import type { Plot, Scenario } from "./scenarios/scenario.js";
import type { System } from "./systems/system.js";

export interface RoundsPlan {
  readonly scene: SceneOptions;
  readonly systems: readonly System[];
  readonly scenarios: readonly Scenario[];
  readonly rounds: number;
  /** How long the probe watches a cluster to which nothing happens, once. */
  readonly calmSeconds: number;
  /** Directory for what agents and Patroni logged in each round. */
  readonly logs: string;
  readonly progress: (text: string) => void;
  /** Called after each system's turn: a long run that is broken off leaves what it has. */
  readonly save: (results: RoundResults) => void;
}

export type RoundResults = Pick<Results, "rounds" | "starts" | "failOverCpu" | "calm">;

/** Echoes each 10 ms, writes each 2 ms while they fail, sessions with a statement each 50 ms, Patroni each 20 ms. */
const probe = { sessions: { count: 3, everyMs: 50 }, patroniEveryMs: 20 };

export class Rounds {
  readonly #plan: RoundsPlan;
  readonly #rounds: Round[] = [];
  readonly #starts: Start[] = [];
  readonly #failOverCpu: Results["failOverCpu"] = [];
  #calm: Calm | null = null;
  #scene: Scene | null = null;
  /** Of the scenario that is being played. */
  #logs: RoundLogs | null = null;

  constructor(plan: RoundsPlan) {
    this.#plan = plan;
  }

  /** As far as it got. */
  get results(): RoundResults {
    const calm = this.#calm === null ? {} : { calm: this.#calm };
    return { rounds: this.#rounds, starts: this.#starts, failOverCpu: this.#failOverCpu, ...calm };
  }

  async run(): Promise<void> {
    const { rounds, systems } = this.#plan;
    for (let round = 1; round <= rounds; round += 1) {
      for (const system of rotated(systems, round - 1)) {
        await this.#turn(system, round);
        this.#plan.save(this.results);
      }
    }
  }

  async close(): Promise<void> {
    await this.#scene?.close();
    this.#scene = null;
  }

  /** All scenarios of a system in a round. What fails ends the turn: the cluster may be anything after that. */
  async #turn(system: System, round: number): Promise<void> {
    let playing = "start";
    try {
      const scene = (this.#scene ??= await Scene.open(this.#plan.scene));
      await scene.cluster.waitHealthy();
      this.#calm ??= await measureCalm(scene, probe, this.#plan.calmSeconds);
      const manager = system.create();
      await this.#start(scene, system, manager, round);
      for (const scenario of this.#plan.scenarios) {
        playing = scenario.name;
        if (playing === "agent-restart" && !system.usesVip) continue;
        this.#rounds.push(await this.#play(scene, system, manager, scenario, round));
      }
      for (const node of scene.topology.nodes) await manager.stop(node);
      await removeVip(scene);
    } catch (error) {
      this.#saveLogs(system, playing, round);
      const reason = error instanceof Error ? error.message : String(error);
      this.#plan.progress(`round ${round}, ${system.name}, ${playing}: failed: ${reason}`);
      this.#rounds.push({ kind: "failed", system: system.name, scenario: playing, round, reason });
      await this.close();
    }
  }

  async #start(scene: Scene, system: System, manager: VipManager, round: number): Promise<void> {
    await removeVip(scene);
    const leader = await scene.cluster.leader();
    const startedMs = nowMs();
    await Promise.all(scene.topology.nodes.map((node) => manager.start(node)));
    if (!system.usesVip) return;
    await scene.watch.holder(leader);
    const held = scene.watch.changes.find(({ atMs, host, has }) => has && host === leader && atMs >= startedMs);
    if (held !== undefined) {
      this.#starts.push({ system: system.name, round, firstHeldMs: held.atMs - startedMs });
    }
  }

  async #play(scene: Scene, system: System, manager: VipManager, scenario: Scenario, round: number): Promise<Round> {
    const leader = await prepare(scene, system, scenario);
    const other = scene.otherThan(leader);
    const next = scenario.moves ? other : leader;
    const address = system.usesVip ? vip : scene.cluster.node(next).address;
    const prober = await Prober.start(scene.topology.client, address, scene.cluster, probe);
    const capture = await Capture.start(scene.topology.client);
    const neighbours = await Neighbours.start(scene.topology.client, address);
    const plot: Plot = { stage: new Stage(scene, manager, address, prober), leader, other };

    this.#logs = new RoundLogs(scene.topology.nodes);
    const meter = new CostMeter(() => processesOf(scene, manager));
    const outcome = await plot.stage.measure(
      () => scenario.act(plot),
      async () => {
        await scenario.settled(plot);
        meter.sample();
      },
    );
    const cost = meter.end();
    await prober.close();
    const wire = await capture.stop();
    const entries = await neighbours.stop();
    const logs = this.#saveLogs(system, scenario.name, round);
    await scenario.mend(plot);
    if (outcome.leader !== next) throw new Error(`${outcome.leader} leads in the end, not ${next}`);
    if (cost !== null) this.#failOverCpu.push({ system: system.name, scenario: scenario.name, ...cost });

    const hostKilled = scenario.name === "kill-leader";
    const context = { leader, hostKilled, usesVip: system.usesVip };
    const values = measureAll(outcome, context);
    const lanes = lanesOf({ outcome, context, nodes: await macsOf(scene), wire, neighbours: entries });
    this.#plan.progress(`round ${round}, ${system.name}, ${scenario.name}: ${brief(values)}`);
    const takeOver = takeOverIn(logs, outcome.breakMs - wallClockOffsetMs());
    const account = takeOver === null ? {} : { takeOver };
    const afterFault = entries.map(({ atMs, ...entry }) => ({ atMs: atMs - outcome.breakMs, ...entry }));
    const place = { system: system.name, scenario: scenario.name, round };
    return { kind: "measured", ...place, values, lanes, neighbours: afterFault, ...account };
  }

  #saveLogs(system: System, scenario: string, round: number): readonly RoundLog[] {
    const logs = this.#logs?.read() ?? [];
    this.#logs = null;
    if (logs.length > 0) saveLogs(`${this.#plan.logs}/${system.name}/${scenario}-${round}`, logs);
    return logs;
  }
}

/** A healthy cluster led by the node that the scenario begins with, which has the VIP. Returns that node. */
async function prepare({ cluster, watch, topology }: Scene, system: System, { leads }: Scenario): Promise<string> {
  const leader = await cluster.waitHealthy();
  const wanted = { first: topology.nodes[0]?.name, second: topology.nodes[1]?.name, any: leader }[leads] ?? leader;
  if (wanted !== leader) {
    await cluster.switchover(leader, wanted);
    await cluster.waitHealthy();
  }
  if (system.usesVip) await watch.holder(wanted);
  // Announcements are repeated, standbys settle: nothing of that belongs to what comes next.
  await sleep(1000);
  return wanted;
}

/** Some systems leave the VIP where it is when they are stopped. */
async function removeVip({ topology, watch }: Scene): Promise<void> {
  for (const node of topology.nodes) {
    if (watch.holders.includes(node.name)) await node.exec("ip", ["address", "delete", vipCidr, "dev", "eth0"]);
  }
}

function processesOf({ topology }: Scene, manager: VipManager): number[] {
  const all = topology.nodes.flatMap((node) => manager.processes(node));
  return all.filter(({ running }) => running).map(({ pid }) => pid);
}

async function macsOf({ topology }: Scene): Promise<{ name: string; mac: string }[]> {
  return Promise.all(
    topology.nodes.map(async (node) => {
      const { stdout } = await node.exec("cat", ["/sys/class/net/eth0/address"]);
      return { name: node.name, mac: stdout.trim() };
    }),
  );
}

function rotated<T>(list: readonly T[], by: number): readonly T[] {
  const start = by % list.length;
  return [...list.slice(start), ...list.slice(0, start)];
}

function brief(values: Readonly<Record<string, number | null>>): string {
  return Object.entries(values)
    .filter(([, value]) => value !== null)
    .map(([name, value]) => `${name} ${(value ?? 0).toFixed(1)}`)
    .join(", ");
}
