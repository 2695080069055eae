/** What `pgvip status --watch` knows at a moment. Pure data; instants are wall-clock milliseconds. */
import type { Verdict } from "../../core/verdict.js";
import type { StatusDocument } from "../../status.js";

export interface WatchView {
  readonly nowMs: number;
  readonly agent: AgentView;
  readonly cluster: ClusterView;
  readonly ping: PingView;
  /** What has changed since the watch began, the oldest first. */
  readonly changes: readonly Change[];
}

export type AgentView =
  | { readonly kind: "asking" }
  | { readonly kind: "answered"; readonly status: StatusDocument }
  | { readonly kind: "silent"; readonly why: string };

export type ClusterView =
  | { readonly kind: "asking" }
  | { readonly kind: "known"; readonly members: readonly MemberView[]; readonly paused: boolean }
  | { readonly kind: "unknown"; readonly why: string };

export interface MemberView {
  readonly name: string;
  readonly host: string | null;
  /** By its own Patroni's word; `null` before the first answer. */
  readonly verdict: Verdict | null;
  readonly timeline: number | null;
  /** Bytes behind the leader; `null` for the leader, and when one of the two is not known. */
  readonly lagBytes: number | null;
}

export type PingView =
  | { readonly kind: "off"; readonly why: string }
  /** By VIP without prefix length. */
  | { readonly kind: "on"; readonly vips: ReadonlyMap<string, VipPing> };

export interface VipPing {
  /** `null` while none comes. */
  readonly lastAnswerMs: number | null;
  readonly silentMs: number;
  readonly longestSilenceMs: number;
  /** The last seconds, the oldest first: whether no echo of that second went unanswered. */
  readonly seconds: readonly boolean[];
}

export interface Change {
  readonly atMs: number;
  readonly text: string;
}
