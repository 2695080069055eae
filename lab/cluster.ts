/**
 * A PostgreSQL cluster in the lab, as tests and the demo see it: nodes that Patroni runs, and verbs that break and mend
 * them. Two back ends: postgres-cluster.ts (the real programs) and stand-in-cluster.ts.
 */
import * as v from "valibot";
import type { Host } from "./host.js";
import { RemoteHttp } from "./remote-http.js";
import { until } from "./wait.js";

/** How fast Patroni notices trouble (its dynamic configuration). */
export interface Pace {
  readonly ttlSeconds: number;
  readonly loopWaitSeconds: number;
  readonly retryTimeoutSeconds: number;
}

export const defaultPace: Pace = { ttlSeconds: 30, loopWaitSeconds: 10, retryTimeoutSeconds: 10 };

/** How a client writes: the PostgreSQL protocol, or the stand-in's lines (stand-in/postgres.ts). */
export type WriteProtocol = "postgres" | "stand-in";

/** What a node's Patroni says of itself. */
export type NodeStatus =
  | {
      readonly kind: "answered";
      readonly leader: boolean;
      readonly role: string;
      readonly state: string;
      readonly streamingReplicas: number;
    }
  | { readonly kind: "silent"; readonly reason: string };

const patroniJson = v.object({
  role: v.optional(v.string(), "unknown"),
  state: v.optional(v.string(), "unknown"),
  replication: v.optional(v.array(v.object({ state: v.string() })), []),
});

export abstract class Cluster {
  abstract readonly writeProtocol: WriteProtocol;
  /** Hosts of the members, the one that leads first to begin with. */
  readonly nodes: readonly Host[];
  readonly dcs: Host;
  protected readonly http: RemoteHttp;

  /** `console`: the host from which Patroni is asked; it should be none that is broken on purpose. */
  protected constructor(nodes: readonly Host[], dcs: Host, console: Host) {
    this.nodes = nodes;
    this.dcs = dcs;
    this.http = new RemoteHttp(console);
  }

  abstract startPatroni(node: string): Promise<void>;
  /** `systemctl stop patroni`: resolves when it has ended; PostgreSQL is stopped too. */
  abstract stopPatroni(node: string): Promise<void>;
  /** SIGKILL: PostgreSQL lives on. */
  abstract killPatroni(node: string): Promise<void>;
  abstract freezePatroni(node: string): void;
  abstract thawPatroni(node: string): void;
  /** SIGKILL for the postmaster. */
  abstract killPostgres(node: string): Promise<void>;
  abstract freezeDcs(): void;
  abstract thawDcs(): void;

  /** Power cut: every process killed, no carrier. */
  async killHost(node: string): Promise<void> {
    const host = this.node(node);
    await host.linkDown();
    await host.killAll();
  }

  /** Power back: the cable is in, Patroni starts. What else ran there is the caller's to start. */
  async reviveHost(node: string): Promise<void> {
    await this.node(node).linkUp();
    await this.startPatroni(node);
  }

  node(name: string): Host {
    const found = this.nodes.find((host) => host.name === name);
    if (found === undefined) throw new Error(`the cluster has no node ${name}`);
    return found;
  }

  async status(node: string): Promise<NodeStatus> {
    const reply = await this.ask(node, "GET", "/primary");
    if (reply.kind === "failed") return { kind: "silent", reason: reply.reason };
    const { role, state, replication } = v.parse(patroniJson, JSON.parse(reply.body));
    const streamingReplicas = replication.filter((replica) => replica.state === "streaming").length;
    return { kind: "answered", leader: reply.status === 200, role, state, streamingReplicas };
  }

  /** The node whose PostgreSQL takes writes in the leader's name, if there is exactly one. */
  async currentLeader(): Promise<string | null> {
    const statuses = await this.#statuses();
    const leaders = statuses.filter(([, status]) => leadsAndWrites(status));
    return leaders.length === 1 ? (leaders[0]?.[0] ?? null) : null;
  }

  /** Waits for a leader, for as long as a fail-over by time-out may take. */
  leader(): Promise<string> {
    return until("a leader", () => this.currentLeader(), { timeoutMs: 60_000, everyMs: 50 });
  }

  /** Waits for one leader with all other members (of those named) streaming from it. Returns the leader. */
  waitHealthy(names: readonly string[] = this.nodes.map((node) => node.name), timeoutMs = 60_000): Promise<string> {
    return until(
      `${names.join(", ")} form a healthy cluster`,
      async () => {
        const statuses = (await this.#statuses()).filter(([name]) => names.includes(name));
        const leaders = statuses.filter(([, status]) => leadsAndWrites(status));
        const replicas = statuses.filter(([, status]) => isRunningReplica(status));
        const [name, leader] = leaders[0] ?? [];
        if (name === undefined || leader?.kind !== "answered") return null;
        if (leaders.length !== 1 || replicas.length !== names.length - 1) return null;
        return leader.streamingReplicas >= replicas.length ? name : null;
      },
      { timeoutMs, everyMs: 50 },
    );
  }

  /** `POST /switchover`; resolves when Patroni says that it is done. */
  async switchover(from: string, to: string): Promise<void> {
    const body = JSON.stringify({ leader: from, candidate: to });
    const reply = await this.ask(from, "POST", "/switchover", { body, timeoutMs: 60_000 });
    if (reply.kind === "failed") throw new Error(`switchover from ${from} to ${to}: ${reply.reason}`);
    if (reply.status !== 200) throw new Error(`switchover from ${from} to ${to}: ${reply.status} ${reply.body}`);
  }

  /** Any question to a node's Patroni. */
  ask(node: string, method: string, path: string, options: { body?: string; timeoutMs?: number } = {}) {
    return this.http.ask(method, `http://${this.node(node).address}:8008${path}`, options);
  }

  #statuses(): Promise<(readonly [name: string, status: NodeStatus])[]> {
    return Promise.all(this.nodes.map(async ({ name }) => [name, await this.status(name)] as const));
  }
}

function leadsAndWrites(status: NodeStatus): boolean {
  if (status.kind === "silent") return false;
  return status.leader && status.state === "running" && (status.role === "master" || status.role === "primary");
}

function isRunningReplica(status: NodeStatus): boolean {
  return status.kind === "answered" && !status.leader && status.state === "running" && status.role === "replica";
}
