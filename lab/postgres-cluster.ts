/**
 * The real thing: PostgreSQL under Patroni with an etcd of three members, from the distribution's packages, run as the
 * user postgres. Replication is asynchronous, everybody is trusted inside the lab.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { type User, lookUpUser } from "./command.js";
import { Cluster, defaultPace, type Pace } from "./cluster.js";
import { EtcdCluster } from "./etcd.js";
import type { Host } from "./host.js";
import { dataDirectory, patroniConfig } from "./patroni-config.js";
import type { LabProcess } from "./process.js";
import { until } from "./wait.js";

export interface PostgresOptions {
  readonly pace?: Partial<Pace>;
  /** Patroni's failsafe_mode: the leader stays leader without the DCS while it reaches all members. */
  readonly failsafe?: boolean;
  /** Makes the program that Patroni calls when PostgreSQL is started, stopped, or has another role. */
  readonly callback?: (node: { readonly directory: string }) => string;
}

/** The table that the probe writes to. */
const probeTable = "CREATE TABLE IF NOT EXISTS probe (id bigserial PRIMARY KEY, written_at timestamptz DEFAULT now())";

export class PostgresCluster extends Cluster {
  readonly writeProtocol = "postgres";
  readonly #user: User;
  readonly #etcd: EtcdCluster;
  readonly #patroni = new Map<string, LabProcess>();

  /** Builds the cluster from nothing; the first node leads, the others stream from it. */
  static async start(
    nodes: readonly Host[],
    dcs: Host,
    dcsAddresses: readonly string[],
    console: Host,
    options: PostgresOptions = {},
  ): Promise<PostgresCluster> {
    const cluster = new PostgresCluster(nodes, dcs, dcsAddresses, console, await lookUpUser("postgres"), options);
    const [first, ...others] = nodes.map((node) => node.name);
    if (first === undefined) throw new Error("a cluster needs a node");
    // Patroni pauses for seconds when it finds no DCS.
    await until("etcd is healthy", () => cluster.#etcdIsHealthy());
    // A replica that finds no leader to copy from asks again only after loop_wait, so it starts when there is one.
    await cluster.startPatroni(first);
    await cluster.leader();
    await cluster.sql(first, probeTable);
    // Patroni would make the replication slots in its next loop, and the replicas would wait for that.
    for (const node of others) await cluster.sql(first, `SELECT pg_create_physical_replication_slot('${node}', true)`);
    await Promise.all(others.map((node) => cluster.startPatroni(node)));
    await cluster.waitHealthy();
    return cluster;
  }

  private constructor(
    nodes: readonly Host[],
    dcs: Host,
    dcsAddresses: readonly string[],
    console: Host,
    user: User,
    options: PostgresOptions,
  ) {
    super(nodes, dcs, console);
    this.#user = user;
    this.#etcd = new EtcdCluster(dcs, dcsAddresses);
    const pace = { ...defaultPace, ...options.pace };
    for (const { name, address, directory } of nodes) {
      const node = { name, address, directory, etcdEndpoints: this.#etcd.endpoints, pace };
      const callback = options.callback?.({ directory }) ?? null;
      writeFileSync(configFile(directory), patroniConfig({ ...node, failsafe: options.failsafe ?? false, callback }));
    }
  }

  startPatroni(node: string): Promise<void> {
    const host = this.node(node);
    if (this.#patroni.get(node)?.running === true) throw new Error(`Patroni already runs on ${node}`);
    const options = { user: this.#user, log: "patroni", env: { LC_ALL: "C.UTF-8" } };
    this.#patroni.set(node, host.spawn("patroni", [configFile(host.directory)], options));
    return Promise.resolve();
  }

  async stopPatroni(node: string): Promise<void> {
    await this.#patroniOf(node).stop("SIGTERM", 60_000);
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
    const [pid] = readFileSync(`${dataDirectory(this.node(node).directory)}/postmaster.pid`, "utf8").split("\n");
    process.kill(Number(pid), "SIGKILL");
    return Promise.resolve();
  }

  freezeDcs(): void {
    this.#etcd.freeze();
  }

  thawDcs(): void {
    this.#etcd.thaw();
  }

  async #etcdIsHealthy(): Promise<boolean> {
    const replies = await Promise.all(
      this.#etcd.endpoints.map((member) => this.http.ask("GET", `http://${member}/health`)),
    );
    return replies.every((reply) => reply.kind === "answered" && reply.status === 200);
  }

  /** Runs a statement as the superuser, on the node's own socket. Returns what psql prints of its result, bare. */
  async sql(node: string, statement: string): Promise<string> {
    const { directory } = this.node(node);
    const args = ["-U", "postgres", "-h", directory, "-d", "postgres", "-qAtc", statement];
    const { code, stdout, stderr } = await this.node(node).exec("psql", args);
    if (code !== 0) throw new Error(`${node}: ${statement}: ${stderr}`);
    return stdout.trim();
  }

  #patroniOf(node: string): LabProcess {
    const patroni = this.#patroni.get(node);
    if (patroni === undefined) throw new Error(`Patroni was never started on ${node}`);
    return patroni;
  }
}

function configFile(directory: string): string {
  return `${directory}/patroni.yml`;
}
