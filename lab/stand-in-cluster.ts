/**
 * A cluster of stand-ins: small programs that behave as Patroni, PostgreSQL and the DCS do, for a machine that has only
 * Node, and for faults that the real ones do not produce on order.
 */
import { readFileSync } from "node:fs";
import { Cluster, defaultPace, type Pace } from "./cluster.js";
import type { Host } from "./host.js";
import { labProgram, type LabProcess } from "./process.js";
import { healthy, type PatroniOrder } from "./stand-in/patroni-orders.js";

export interface StandInOptions {
  readonly pace?: Partial<Pace>;
  /** From the leader lock to the first accepted write. */
  readonly promoteMs?: number;
  /** The cluster's name. */
  readonly scope?: string;
}

export class StandInCluster extends Cluster {
  readonly writeProtocol = "stand-in";
  readonly #pace: Pace;
  readonly #promoteMs: number;
  readonly #scope: string;
  readonly #dcsProcess: LabProcess;
  readonly #patroni = new Map<string, LabProcess>();
  readonly #illness = new Map<string, PatroniOrder>();

  /** Starts everything; the first node leads. */
  static async start(
    nodes: readonly Host[],
    dcs: Host,
    console: Host,
    options: StandInOptions = {},
  ): Promise<StandInCluster> {
    const cluster = new StandInCluster(nodes, dcs, console, options);
    await Promise.all(nodes.map((node) => cluster.startPatroni(node.name)));
    await cluster.waitHealthy();
    return cluster;
  }

  private constructor(nodes: readonly Host[], dcs: Host, console: Host, options: StandInOptions) {
    super(nodes, dcs, console);
    this.#pace = { ...defaultPace, ...options.pace };
    this.#promoteMs = options.promoteMs ?? 100;
    this.#scope = options.scope ?? "demo";
    const settings = { ttlMs: this.#pace.ttlSeconds * 1000, firstLeader: nodes[0]?.name };
    const [command, args] = labProgram("stand-in/dcs.ts", [JSON.stringify(settings)]);
    this.#dcsProcess = dcs.spawn(command, args, { log: "dcs" });
  }

  startPatroni(node: string): Promise<void> {
    const host = this.node(node);
    if (this.#patroni.get(node)?.running === true) throw new Error(`Patroni already runs on ${node}`);
    const settings = {
      name: node,
      scope: this.#scope,
      directory: host.directory,
      dcsAddress: this.dcs.address,
      ttlMs: this.#pace.ttlSeconds * 1000,
      loopWaitMs: this.#pace.loopWaitSeconds * 1000,
      retryTimeoutMs: this.#pace.retryTimeoutSeconds * 1000,
      promoteMs: this.#promoteMs,
      members: this.nodes.map(({ name, address }) => ({ name, address })),
    };
    const [command, args] = labProgram("stand-in/patroni.ts", [JSON.stringify(settings)]);
    const patroni = host.spawnPiped(command, args, { log: "patroni" });
    this.#patroni.set(node, patroni);
    return Promise.resolve();
  }

  async stopPatroni(node: string): Promise<void> {
    await this.#patroniOf(node).stop();
  }

  async killPatroni(node: string): Promise<void> {
    await this.#patroniOf(node).kill();
  }

  freezePatroni(node: string): void {
    this.#patroniOf(node).signal("SIGSTOP");
  }

  thawPatroni(node: string): void {
    this.#patroniOf(node).signal("SIGCONT");
  }

  killPostgres(node: string): Promise<void> {
    process.kill(Number(readFileSync(`${this.node(node).directory}/postmaster.pid`, "utf8")), "SIGKILL");
    return Promise.resolve();
  }

  freezeDcs(): void {
    this.#dcsProcess.signal("SIGSTOP");
  }

  thawDcs(): void {
    this.#dcsProcess.signal("SIGCONT");
  }

  /** Each answer of the node's Patroni comes this much later; 0 mends it. */
  slow(node: string, slowMs: number): void {
    this.#order(node, { slowMs });
  }

  /** The node's Patroni claims the role, whatever is true; `null` mends it. */
  lie(node: string, role: PatroniOrder["lie"]): void {
    this.#order(node, { lie: role });
  }

  /** The node's Patroni takes questions and treats them so; `answers` mends it. */
  mistreat(node: string, manner: PatroniOrder["manner"]): void {
    this.#order(node, { manner });
  }

  /** The wall clock of the node's Patroni is so far ahead from now on. */
  stepClock(node: string, clockMs: number): void {
    this.#order(node, { clockMs });
  }

  /** From now on each order to the node's Patroni writes a line to this FIFO; `null` ends it. */
  callBack(node: string, fifo: string | null): void {
    this.#order(node, { callback: fifo });
  }

  /** From now on no Patroni lists these members in `/cluster`: they have not joined yet. */
  unlist(members: readonly string[]): void {
    for (const { name } of this.nodes) this.#order(name, { unlisted: [...members] });
  }

  #order(node: string, change: Partial<PatroniOrder>): void {
    const illness = { ...(this.#illness.get(node) ?? healthy), ...change };
    this.#illness.set(node, illness);
    this.#patroniOf(node).writeLine(JSON.stringify(illness));
  }

  #patroniOf(node: string): LabProcess {
    const patroni = this.#patroni.get(node);
    if (patroni === undefined) throw new Error(`Patroni was never started on ${node}`);
    return patroni;
  }
}
