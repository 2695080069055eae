/**
 * Maintenance: an operator's word that the VIP should stay where it is (`paused`), or away from this node (`released`).
 *
 * It only ever takes permissions away, with one exception: a holder that is paused, in a cluster that is in Patroni's own
 * maintenance mode, keeps the VIP while Patroni or PostgreSQL is away. Nobody is promoted without an operator then, and the two words
 * together say that Patroni may be stopped here (docs/adr/0010).
 */
import { unreachable } from "../assert.js";
import { dropLeftover, holds, release } from "./moves.js";
import type { Turn } from "./turn.js";
import type { GroupState, Maintenance } from "./types.js";
import { serves } from "./verdict.js";

/** An order of an operator, or what was kept of one over a restart. */
export function noteMaintenance(turn: Turn, ordered: Maintenance): void {
  const { maintenance: before } = turn.state;
  turn.set({ maintenance: ordered.kind === "paused" ? pinnedIf(ordered, isPlaceOf(turn.state)) : ordered });
  turn.poll({ urgentAtMs: turn.nowMs });
  switch (ordered.kind) {
    case "none":
      if (before.kind !== "none") turn.notice("resumed", "maintenance is over: the VIP follows Patroni again");
      return;
    case "paused":
      turn.notice("paused", "paused by the operator: the VIP stays where it is");
      return;
    case "released":
      turn.notice("released", "released by the operator: this node does without the VIP until `pgvip resume`");
      return;
    default:
      unreachable(ordered);
  }
}

/** The end that the operator gave it. */
export function passMaintenance(turn: Turn): void {
  if (turn.nowMs >= maintenanceOverMs(turn.state)) noteMaintenance(turn, { kind: "none" });
}

/** When the maintenance ends by itself; Infinity when it does not. */
export function maintenanceOverMs({ maintenance }: GroupState): number {
  return maintenance.kind === "none" ? Infinity : maintenance.untilMs;
}

/** The VIP was found on the interface at the start: a pause that outlived the agent means this place. */
export function pinHere(turn: Turn): void {
  const { maintenance } = turn.state;
  if (maintenance.kind === "paused") turn.set({ maintenance: pinnedIf(maintenance, true) });
}

/** Carries out "released"; true when it did. */
export function giveUp(turn: Turn): boolean {
  const { phase, maintenance } = turn.state;
  if (maintenance.kind !== "released") return false;
  const text = "released by the operator";
  if (holds(phase)) release(turn, "released", text);
  else if (phase.kind === "starting" && phase.adopted) dropLeftover(turn, "released", text);
  else return false;
  return true;
}

/** Whether this node may take a VIP that it has not. If it should, an alarm goes on until it may. */
export function mayTake(turn: Turn): boolean {
  const { maintenance, view } = turn.state;
  if (maintenance.kind === "none" || (maintenance.kind === "paused" && maintenance.pinned)) return true;
  if (view !== null && serves(view.verdict)) {
    turn.remind("withheld", `${maintenance.kind}: this node would take the VIP now, and may not`);
  }
  return false;
}

/** Here is where the VIP is, or where it has its place since an earlier pause. */
function isPlaceOf({ phase, maintenance }: GroupState): boolean {
  if (maintenance.kind === "paused" && maintenance.pinned) return true;
  return holds(phase) || (phase.kind === "starting" && phase.adopted);
}

function pinnedIf(paused: Maintenance & { readonly kind: "paused" }, here: boolean): Maintenance {
  return { ...paused, pinned: paused.pinned || here };
}
