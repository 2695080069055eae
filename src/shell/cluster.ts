/**
 * A Patroni cluster that groups of this agent follow: how its member on this node is asked, and who its members are. Each
 * cluster has a client of its own, so that one whose Patroni hangs delays nobody who follows another.
 */
import type { PatroniConfig } from "../config/config.js";
import type { ClusterReading } from "../core/types.js";
import type { Patroni } from "../ports/patroni.js";
import { ClusterWatch, type WatchContext } from "./cluster-watch.js";
import type { Group } from "./group.js";
import { ownMember } from "./own-member.js";
import { WATCH_TIMEOUT_MS } from "./patroni-watch.js";

export class Cluster {
  /** Named by the configuration; else it comes with Patroni's first answer. */
  readonly scope: string | null;
  readonly patroni: Patroni;
  /** Where PostgreSQL on this node listens. */
  readonly postgres: PatroniConfig["postgres"];
  readonly #context: WatchContext;
  /** Of its member on this node, where the configuration tells. */
  readonly #name: string | null;
  #watch: ClusterWatch | null = null;
  #reading: Promise<Pick<ClusterReading, "sentAtMs" | "members">> | null = null;

  constructor({ scope, name, postgres }: PatroniConfig, patroni: Patroni, context: WatchContext) {
    this.scope = scope;
    this.#name = name;
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

  /** `GET /cluster`, now. Groups that want it at the same time share it: for Patroni it is a question to the DCS. */
  async read(statedName: string | null): Promise<ClusterReading> {
    this.#reading ??= this.#readMembers();
    const { sentAtMs, members } = await this.#reading;
    const places = { addresses: this.#context.ownAddresses(), names: this.names };
    return { sentAtMs, members, own: ownMember(members ?? [], statedName ?? this.#name, places) };
  }

  async #readMembers(): Promise<Pick<ClusterReading, "sentAtMs" | "members">> {
    const sentAtMs = this.#context.clock.nowMs();
    const answer = await this.patroni.members(WATCH_TIMEOUT_MS);
    this.#reading = null;
    return { sentAtMs, members: "kind" in answer ? null : answer };
  }

  /** Idempotent. */
  close(): void {
    this.#watch?.stop();
    this.patroni.close();
  }
}
