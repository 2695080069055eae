/**
 * A Patroni cluster that groups of this agent follow: how its member on this node is asked, and who its members are. Each
 * cluster has a client of its own, so that one whose Patroni hangs delays nobody who follows another.
 */
import type { PatroniConfig } from "../config/config.js";
import type { Patroni } from "../ports/patroni.js";
import { ClusterWatch, type WatchContext } from "./cluster-watch.js";
import type { Group } from "./group.js";

export class Cluster {
  /** Named by the configuration; else it comes with Patroni's first answer. */
  readonly scope: string | null;
  readonly patroni: Patroni;
  /** Where PostgreSQL on this node listens. */
  readonly postgres: PatroniConfig["postgres"];
  readonly #context: WatchContext;
  #watch: ClusterWatch | null = null;

  constructor({ scope, postgres }: PatroniConfig, patroni: Patroni, context: WatchContext) {
    this.scope = scope;
    this.patroni = patroni;
    this.postgres = postgres;
    this.#context = context;
  }

  /** Names of the members by their addresses, as far as Patroni has told them. */
  get names(): ReadonlyMap<string, string> {
    return this.#watch?.names ?? new Map();
  }

  /** These groups learn from now on what is known of the cluster. */
  serve(groups: readonly Group[]): void {
    this.#watch?.stop();
    this.#watch = new ClusterWatch(this.patroni, groups, this.#context);
    this.#watch.start();
  }

  /** Somebody who is no known member speaks to one of these groups. */
  strangerHeard(): void {
    this.#watch?.strangerHeard();
  }

  /** Idempotent. */
  close(): void {
    this.#watch?.stop();
    this.patroni.close();
  }
}
