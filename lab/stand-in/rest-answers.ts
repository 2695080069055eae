/** What the stand-in of Patroni answers to each path, with the fields that Patroni 3.0.2 answers. */
import type { Member } from "./member.js";

export interface Answer {
  readonly status: number;
  /** `null`: a bare status line, without any header. */
  readonly type: string | null;
  readonly body: string;
}

export interface Peer {
  readonly name: string;
  readonly address: string;
}

type Lie = "primary" | "replica" | null;

export function text(status: number, body: string): Answer {
  return { status, type: "text/html", body };
}

function bare(status: number): Answer {
  return { status, type: null, body: "" };
}

function json(status: number, value: unknown): Answer {
  return { status, type: "application/json", body: JSON.stringify(value) };
}

export interface Peers {
  readonly all: readonly Peer[];
  /** Those that `/cluster` tells of. */
  readonly listed: readonly Peer[];
}

export function answerGet(member: Member, { all, listed }: Peers, path: string, lie: Lie): Answer {
  const name = path.split("?")[0]?.replace(/^\//, "") ?? "";
  if (name === "config") return json(200, dynamicConfiguration(member));
  if (name === "cluster") return json(200, clusterView(member, listed));
  if (name === "liveness") return bare(200);
  const status = holds(name, member, lie) ? 200 : 503;
  if (name === "readiness") return bare(status);
  return json(status, memberView(member, all, lie));
}

/** Whether the node is what the path asks for; a path that Patroni does not know asks for nothing and gets 503. */
function holds(name: string, member: Member, lie: Lie): boolean {
  const leads = lie === null ? member.isLeader : lie === "primary";
  const running = lie !== null || member.state === "running";
  switch (name) {
    case "patroni":
      return true;
    case "":
    case "primary":
    case "master":
    case "read-write":
    case "leader":
      return leads;
    case "replica":
    case "async":
    case "asynchronous":
      return running && !leads && (lie !== null || !member.isPrimary);
    case "read-only":
    case "health":
    case "readiness":
      return running;
    default:
      return false;
  }
}

function memberView(member: Member, peers: readonly Peer[], lie: Lie): Record<string, unknown> {
  const common = {
    ...(member.dcsState?.leader === null && { cluster_unlocked: true }),
    ...(member.dcsLastSeen > 0 && { dcs_last_seen: member.dcsLastSeen }),
    database_system_identifier: "7300000000000000001",
    patroni: { version: "3.0.2", scope: member.settings.scope },
  };
  const primary = lie === null ? member.isPrimary : lie === "primary";
  const role = primary ? "master" : "replica";
  if (lie === null && member.state !== "running") return { state: member.state, role, ...common };
  const timeline = member.dcsState?.timeline ?? 0;
  return {
    state: "running",
    postmaster_start_time: "2026-01-01 00:00:00.000000+00:00",
    role,
    server_version: 150008,
    xlog: primary ? { location: 83886080 } : replicaXlog,
    timeline,
    ...(primary && { replication: replication(member, peers) }),
    ...common,
  };
}

const replicaXlog = {
  received_location: 83886080,
  replayed_location: 83886080,
  replayed_timestamp: null,
  paused: false,
};

function replication(member: Member, peers: readonly Peer[]): unknown[] {
  return peers
    .filter((peer) => peer.name !== member.settings.name)
    .map((peer) => ({
      usename: "replicator",
      application_name: peer.name,
      client_addr: peer.address,
      state: "streaming",
      sync_state: "async",
      sync_priority: 0,
    }));
}

function clusterView(member: Member, peers: readonly Peer[]): unknown {
  const leader = member.dcsState?.leader;
  return {
    members: peers.map(({ name, address }) => ({
      name,
      role: name === leader ? "leader" : "replica",
      state: "running",
      api_url: `http://${address}:8008/patroni`,
      host: address,
      port: 5432,
      timeline: member.dcsState?.timeline ?? 0,
      ...(name !== leader && { lag: 0 }),
    })),
  };
}

function dynamicConfiguration({ settings }: Member): unknown {
  return {
    ttl: settings.ttlMs / 1000,
    loop_wait: settings.loopWaitMs / 1000,
    retry_timeout: settings.retryTimeoutMs / 1000,
    maximum_lag_on_failover: 1048576,
    failsafe_mode: false,
    postgresql: { use_pg_rewind: true },
  };
}
