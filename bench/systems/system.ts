/** What the benchmark compares. A new system is one file in this folder and a line in ../systems.ts. */
import type { VipManager } from "../../lab/vip-manager.js";

export interface System {
  readonly name: string;
  /** What it is, for readers of the report. */
  readonly about: string;
  /** Clients use the VIP; otherwise they know beforehand who will lead, and use that node's own address. */
  readonly usesVip: boolean;
  /** Milliseconds between two adverts; `null` when it speaks no VRRP. */
  readonly advertEveryMs: number | null;
  /** For one run of the benchmark. */
  readonly create: () => VipManager;
}
