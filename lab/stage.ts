/** A scene with a VIP manager on each node and a probe at a client: what demo, end-to-end tests and benchmark measure on. */
import type { Cluster } from "./cluster.js";
import { type AddedOutage, type Findings, addedOutage, findings } from "./findings.js";
import type { ProbeRecord } from "./probe/records.js";
import { Prober, type ProberOptions } from "./prober.js";
import { Scene, type SceneOptions } from "./scene.js";
import { type Topology, vip } from "./topology.js";
import type { VipManager } from "./vip-manager.js";
import { nowMs, sleep, until } from "./wait.js";
import { type HolderChange, type HolderTimes, type HolderWatch, holderTimes } from "./watch.js";

export interface StageOptions extends SceneOptions {
  readonly manager: VipManager;
  readonly probe?: ProberOptions;
}

/** What one fault did, seen from the client and from the interfaces. */
export interface Outcome {
  readonly findings: Findings;
  /** `null` when writes were possible all the time. */
  readonly outage: AddedOutage | null;
  readonly holders: HolderTimes;
  readonly breakMs: number;
  readonly endMs: number;
  /** Who leads in the end. */
  readonly leader: string;
  /** What all of this was worked out from. */
  readonly records: readonly ProbeRecord[];
  readonly changes: readonly HolderChange[];
}

/** Before and after each fault, so that it has a calm beginning and end. */
const CALM_MS = 1_500;
/** Of that, close attention before the fault: what was there when it came is known. */
const ATTENTION_MS = 200;

export class Stage {
  readonly scene: Scene;
  readonly prober: Prober;
  readonly manager: VipManager;
  /** What the client uses; when it is not the VIP, nobody has to hold that. */
  readonly address: string;

  /** Makes the scene as well. Resolves when the leader, and nobody else, has the VIP. */
  static async open(options: StageOptions): Promise<Stage> {
    const scene = await Scene.open(options);
    try {
      return await Stage.on(scene, options.manager, options.probe);
    } catch (error) {
      await scene.close();
      throw error;
    }
  }

  static async on(scene: Scene, manager: VipManager, probe: ProberOptions = {}): Promise<Stage> {
    for (const node of scene.topology.nodes) await manager.start(node);
    await scene.watch.holder(await scene.cluster.waitHealthy());
    return new Stage(scene, manager, vip, await Prober.start(scene.topology.client, vip, scene.cluster, probe));
  }

  constructor(scene: Scene, manager: VipManager, address: string, prober: Prober) {
    this.scene = scene;
    this.manager = manager;
    this.address = address;
    this.prober = prober;
  }

  get topology(): Topology {
    return this.scene.topology;
  }

  get cluster(): Cluster {
    return this.scene.cluster;
  }

  get watch(): HolderWatch {
    return this.scene.watch;
  }

  /** Does something to a cluster at rest and measures until some time after `settled` has resolved. */
  async measure(act: () => Promise<void>, settled: () => Promise<unknown>): Promise<Outcome> {
    await sleep(CALM_MS - ATTENTION_MS);
    this.prober.attend("close");
    await sleep(ATTENTION_MS);
    const breakMs = nowMs();
    await act();
    await settled();
    await sleep(CALM_MS);
    const endMs = nowMs();
    this.prober.attend("calm");
    const records = await this.prober.settled(endMs);
    const leader = await this.cluster.leader();
    return {
      findings: findings(records, { fromMs: breakMs, toMs: endMs }),
      outage: addedOutage(records, breakMs, leader),
      holders: holderTimes(this.watch.changes, breakMs, endMs),
      breakMs,
      endMs,
      leader,
      records,
      changes: this.watch.changes,
    };
  }

  /** Waits until a node other than `before` leads, has the VIP alone, and has taken a write through it. */
  async moved(before: string): Promise<string> {
    const sinceMs = nowMs();
    const successor = await until(
      "another leader",
      async () => {
        const leader = await this.cluster.currentLeader();
        return leader === before ? null : leader;
      },
      { timeoutMs: 60_000 },
    );
    if (this.address === vip) await this.watch.holder(successor);
    await until("a write through the VIP", () => addedOutage(this.prober.records, sinceMs - 5_000, successor));
    return successor;
  }

  async close(): Promise<void> {
    await this.scene.close();
  }
}
