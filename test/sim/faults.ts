/** What can go wrong in the simulated world, as data: each fault says where, what, and for how long. */
import type { Cut, Trouble } from "./lan.js";

/** Whom a fault hits, found out when it begins; a number names a node for good. */
export type Target = "leader" | "holder" | "other" | number;

export type NodeFault =
  | { readonly kind: "patroniStop" }
  | { readonly kind: "patroniKill" }
  | { readonly kind: "patroniFreeze" }
  | { readonly kind: "switchover" }
  | { readonly kind: "restSlow"; readonly delayMs: number }
  | { readonly kind: "restHangs" }
  | { readonly kind: "restGarbage" }
  | { readonly kind: "restLies" }
  | { readonly kind: "postgresCrash" }
  | { readonly kind: "agentKill" }
  | { readonly kind: "agentFreeze" }
  | { readonly kind: "agentStall" }
  | { readonly kind: "agentStop"; readonly policy: "release" | "keep" }
  | { readonly kind: "agentNotify" }
  | { readonly kind: "machineCrash" }
  | { readonly kind: "machineSuspend" }
  | { readonly kind: "linkDown" }
  | { readonly kind: "wallStep"; readonly byMs: number }
  | { readonly kind: "addressDeleted"; readonly everyMs: number }
  | { readonly kind: "addressAdded" }
  | { readonly kind: "addressRefused" }
  /** Somebody adds it, and the kernel will not have it removed meanwhile. */
  | { readonly kind: "addressKept" }
  | { readonly kind: "cut"; readonly planes: Cut["planes"]; readonly direction: Cut["direction"] };

export type WorldFault =
  | { readonly kind: "dcsDown" }
  | { readonly kind: "dcsSlow"; readonly delayMs: number }
  | { readonly kind: "pause" }
  | ({ readonly kind: "lanTrouble" } & Trouble)
  | { readonly kind: "neighboursForget" }
  /** From an address of nobody, or with the source address of a node. */
  | {
      readonly kind: "forgedAdverts";
      readonly source: string;
      readonly priority: number;
      readonly everyMs: number;
      readonly vip: "ours" | "foreign";
    }
  | { readonly kind: "forgedAnnouncements"; readonly everyMs: number };

export type Fault =
  | { readonly scope: "node"; readonly target: Target; readonly fault: NodeFault }
  | { readonly scope: "world"; readonly fault: WorldFault };

/** One line of a schedule: begins at `atMs`, is undone `forMs` later (a crashed process is started again). */
export type ScheduledFault = Fault & { readonly atMs: number; readonly forMs: number };

export function describeFault(scheduled: ScheduledFault): string {
  const { kind, ...details } = scheduled.fault;
  const where = scheduled.scope === "node" ? `${targetText(scheduled.target)} ` : "";
  const what = Object.entries(details).map(([name, value]) => ` ${name}=${String(value)}`);
  return `at ${scheduled.atMs.toFixed(1)} for ${scheduled.forMs.toFixed(1)} ms: ${where}${kind}${what.join("")}`;
}

function targetText(target: Target): string {
  return typeof target === "number" ? `n${String(target + 1)}` : target;
}
