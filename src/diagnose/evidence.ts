/**
 * What `pgvip doctor` has found out, before it is judged. Gathering (gather.ts) touches the machine, the checks only read
 * this, so each of them can be tried with any evidence.
 */
import type { Config, FollowedCluster, GroupConfig } from "../config/config.js";
import type { DcsSettings, Member, Observation } from "../core/observation.js";
import type { AddressState, LinkState } from "../ports/network.js";
import type { Unavailable } from "../ports/patroni.js";
import type { Resolution } from "../shell/resolve-interface.js";
import type { MacAddress } from "../wire/addresses.js";
import type { Sighting } from "./frames.js";
import type { HostFiles, HostProcess } from "./host-files.js";

export interface Evidence {
  readonly config: Config;
  readonly files: HostFiles;
  readonly processes: readonly HostProcess[];
  readonly process: ProcessEvidence;
  /** Of each cluster that a VIP follows. */
  readonly clusters: readonly PatroniEvidence[];
  readonly firewall: FirewallEvidence;
  /** `null`: the network could not be looked at; `process` says why. */
  readonly network: NetworkEvidence | null;
  readonly peers: readonly PeerEvidence[];
  readonly clocks: readonly ClockEvidence[];
}

export interface ProcessEvidence {
  readonly missingCapabilities: readonly string[];
  /** Version of Node-API that the addon was built for, or why it cannot be loaded. */
  readonly addon:
    { readonly kind: "loaded"; readonly napi: number } | { readonly kind: "missing"; readonly text: string };
  /** What is wrong with the optional package; `null` when it can be used. */
  readonly rawSocket: string | null;
}

export interface PatroniEvidence {
  readonly followed: FollowedCluster;
  readonly observation: Observation;
  /** Wall clock when the question was sent. */
  readonly askedAtMs: number;
  readonly dcs: DcsSettings | Unavailable;
  readonly members: readonly Member[] | Unavailable;
}

export type FirewallEvidence =
  /** `nft -j list ruleset`. */
  | { readonly kind: "nft"; readonly json: string }
  /** `iptables-save`, of the legacy back end. */
  | { readonly kind: "iptables"; readonly text: string }
  | { readonly kind: "unknown"; readonly text: string };

export interface NetworkEvidence {
  readonly links: readonly LinkState[];
  readonly addresses: readonly AddressState[];
  readonly groups: readonly GroupEvidence[];
  readonly listenedMs: number;
}

/** One group's VIPs where they would live. */
export interface GroupEvidence {
  readonly config: GroupConfig;
  readonly place: Resolution;
  /** Configured, or derived from the scope that Patroni told; `null` while that is not known. */
  readonly routerId: number | null;
  /** All that was seen on the interface while listening. */
  readonly sightings: readonly Sighting[];
  /** Adverts of others that came through this host's firewall. */
  readonly advertsReceived: number;
  /** Who answered for an address, by address: of the VIPs, and of the members of the cluster. */
  readonly answers: ReadonlyMap<string, readonly MacAddress[]>;
}

/** What became of one packet of protocol 112 to a member of the cluster. */
export interface PeerEvidence {
  readonly name: string;
  readonly address: string;
  readonly outcome:
    /** Nothing came back: a program listens for adverts there, or a firewall there drops them. */
    | { readonly kind: "silent" }
    /** The host is reached, and nobody listens there. */
    | { readonly kind: "nobodyListens" }
    /** A firewall on the way or there said no. */
    | { readonly kind: "prohibited"; readonly code: number }
    /** The packet did not leave this host. */
    | { readonly kind: "notSent"; readonly text: string }
    | { readonly kind: "notTried"; readonly text: string };
}

/** The time on another member's host. */
export interface ClockEvidence {
  readonly name: string;
  readonly outcome:
    | {
        readonly kind: "told";
        /** Its wall clock, rounded down to whole seconds. */
        readonly dateMs: number;
        /** Ours, when the question was sent and when the answer came. */
        readonly sentAtMs: number;
        readonly receivedAtMs: number;
      }
    | { readonly kind: "silent"; readonly text: string };
}

/** The group's interface, when it has one. */
export function linkOf({ place }: GroupEvidence, { links }: NetworkEvidence): LinkState | null {
  return place.ok ? (links.find(({ ifIndex }) => ifIndex === place.ifIndex) ?? null) : null;
}

export function vipsText({ vips }: GroupConfig): string {
  return vips.map(({ address, prefixLength }) => `${address}/${String(prefixLength)}`).join(", ");
}

/** All members of all clusters, as far as their Patroni told. */
export function membersOf({ clusters }: Pick<Evidence, "clusters">): readonly Member[] {
  return clusters.flatMap(({ members }) => (isUnavailable(members) ? [] : members));
}

export function isUnavailable(answer: object): answer is Unavailable {
  return "kind" in answer && answer.kind === "unavailable";
}
