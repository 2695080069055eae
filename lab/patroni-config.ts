/** Patroni's configuration for a node of the lab: quick to build, no durability (nobody's data), defaults elsewhere. */
import { existsSync, readdirSync } from "node:fs";
import { stringify } from "yaml";
import type { Pace } from "./cluster.js";

/** Where Debian keeps PostgreSQL's programs, of the newest version that is installed; `null` when none is. */
export function postgresPrograms(): string | null {
  const parent = "/usr/lib/postgresql";
  const versions = existsSync(parent)
    ? readdirSync(parent)
        .map(Number)
        .sort((a, b) => b - a)
    : [];
  const found = versions.map((version) => `${parent}/${version}/bin`).find((bin) => existsSync(`${bin}/postgres`));
  return found ?? null;
}

export interface PatroniNode {
  readonly name: string;
  readonly address: string;
  /** Directory of the host; PostgreSQL's files are below it. */
  readonly directory: string;
  readonly etcdEndpoints: readonly string[];
  readonly pace: Pace;
  readonly failsafe: boolean;
  readonly callback: string | null;
}

export function dataDirectory(directory: string): string {
  return `${directory}/data`;
}

export function patroniConfig(node: PatroniNode): string {
  const { name, address, directory, etcdEndpoints, pace, failsafe, callback } = node;
  return stringify({
    scope: "demo",
    name,
    restapi: { listen: "0.0.0.0:8008", connect_address: `${address}:8008` },
    etcd3: { hosts: etcdEndpoints },
    bootstrap: {
      dcs: {
        ttl: pace.ttlSeconds,
        loop_wait: pace.loopWaitSeconds,
        retry_timeout: pace.retryTimeoutSeconds,
        maximum_lag_on_failover: 1048576,
        failsafe_mode: failsafe,
        postgresql: { use_pg_rewind: true, parameters: postgresParameters },
      },
      initdb: [{ encoding: "UTF8" }, { locale: "C" }, "data-checksums", "no-sync"],
      pg_hba: trustEveryone,
    },
    postgresql: {
      listen: "0.0.0.0:5432",
      connect_address: `${address}:5432`,
      data_dir: dataDirectory(directory),
      bin_dir: postgresPrograms(),
      pgpass: `${directory}/pgpass`,
      authentication: { superuser: { username: "postgres" }, replication: { username: "replicator" } },
      basebackup: [{ checkpoint: "fast" }, "no-sync"],
      // A node that comes back with writes nobody else has is made anew if pg_rewind cannot mend it.
      remove_data_directory_on_rewind_failure: true,
      remove_data_directory_on_diverged_timelines: true,
      pg_hba: trustEveryone,
      ...(callback !== null && {
        callbacks: { on_role_change: callback, on_start: callback, on_stop: callback },
      }),
      parameters: {
        unix_socket_directories: directory,
        // Clients ask for it to learn which node answered them.
        "lab.node": name,
      },
    },
  });
}

const trustEveryone = ["local all all trust", "host all all 0.0.0.0/0 trust", "host replication all 0.0.0.0/0 trust"];

const postgresParameters = {
  fsync: "off",
  // Files of the data directory: a killed PostgreSQL leaves nothing in /dev/shm.
  dynamic_shared_memory_type: "mmap",
  shared_buffers: "32MB",
  min_wal_size: "32MB",
  max_wal_size: "128MB",
  wal_keep_size: "128MB",
  // A shutdown waits for a standby that is cut off; Patroni then demotes a second time, and starts PostgreSQL twice.
  wal_sender_timeout: "3s",
  jit: "off",
};
