/** A fault: what is done to a healthy cluster, and what may come of it at most. A new one is an entry in ./faults. */
import type { Flood } from "../../lab/flooder.js";
import type { AddressRights } from "../../lab/rights.js";
import type { Stage } from "../../lab/stage.js";
import type { StandInCluster } from "../../lab/stand-in-cluster.js";
import type { MeasureName } from "./measures.js";

export interface Plot {
  readonly stage: Stage;
  /** Who leads, and has the VIP, when it begins; and the node that does not. */
  readonly leader: string;
  readonly other: string;
  /** To take from a VIP manager that has the hooks. */
  readonly rights: AddressRights;
  /** Remembers this moment, for measures that count from it. */
  readonly mark: (name: MarkName) => void;
  /** Sends forged adverts to the leader, one each `everyMs`; resolves when all have left. */
  readonly forge: (priority: number, everyMs: number, times: number) => Promise<void>;
  /** Tells all neighbours that the VIP is at a hardware address that nobody has. */
  readonly lure: (everyMs: number, times: number) => Promise<void>;
  /** A neighbour sends so many forged adverts and ARP frames a second; resolves when it has begun. */
  readonly flood: (perSecond: number, seconds: number) => Promise<Flood>;
  /** The cluster, where it is made of stand-ins: what a Patroni does on nobody's order. */
  readonly standIn: () => StandInCluster;
}

/** `thawed`: what stood still goes on. `mended`: the fault is over. */
export type MarkName = "thawed" | "mended";

export interface Bound {
  readonly measure: MeasureName;
  readonly atMost?: number;
  readonly atLeast?: number;
}

export interface Fault {
  readonly name: string;
  readonly about: string;
  /** Where it can be had; both unless told. */
  readonly backend?: "stand-in" | "postgres";
  /** The cluster has failsafe_mode on. */
  readonly failsafe?: boolean;
  /** What the system must have for the fault to mean anything. */
  readonly needs?: "hooks" | "VRRP";
  /** The leader's host is dead from the beginning on: what its interface still carries counts no longer. */
  readonly hostKilled?: boolean;
  /** The whole course, until nothing more is to be seen: at its end the cluster has one leader. */
  readonly act: (plot: Plot) => Promise<void>;
  /** Repairs what is still broken; the measurement is over. */
  readonly mend?: (plot: Plot) => Promise<void>;
  readonly bounds: readonly Bound[];
}
