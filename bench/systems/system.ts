/** What the benchmark compares. A new system is one file in this folder and a line in ../systems.ts. */
import type { Host } from "../../lab/host.js";
import type { Backend } from "../../lab/preflight.js";
import type { VipManager } from "../../lab/vip-manager.js";

/** Where systems are put to work: on a cluster of either back end, or in `flip`. */
export type Arena = Backend | "flip";

export const everywhere: readonly Arena[] = ["postgres", "stand-in", "flip"];

export interface System {
  readonly name: string;
  /** What it is, for readers of the report. */
  readonly about: string;
  /** Clients use the VIP; otherwise they know beforehand who will lead, and use that node's own address. */
  readonly usesVip: boolean;
  /** Milliseconds between two adverts; `null` when it speaks no VRRP. */
  readonly advertEveryMs: number | null;
  /** Where it finds what it needs: one that reads the leader key itself needs etcd, which only `postgres` has. */
  readonly arenas: readonly Arena[];
  /** In `flip`: the FIFO on the node that a callback of Patroni writes to. */
  readonly hintFifo?: (node: Host) => string;
  /** For one run of the benchmark. */
  readonly create: () => VipManager;
}
