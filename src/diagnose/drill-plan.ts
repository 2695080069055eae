/** Whether a drill may be asked for, and between whom: pure, from what Patroni says of its members. */
import type { Member } from "../core/observation.js";

export interface DrillWishes {
  readonly candidate: string | null;
  readonly maxLagBytes: number;
}

export type DrillPlan =
  | { readonly kind: "ready"; readonly leader: Member; readonly candidate: Member }
  | { readonly kind: "refused"; readonly reasons: readonly string[] };

const GOOD_STATES = ["running", "streaming"];

/** `paused`: the cluster is in maintenance mode. */
export function planDrill(members: readonly Member[], paused: boolean, wishes: DrillWishes): DrillPlan {
  const leaders = members.filter(({ role }) => role === "leader");
  const [leader] = leaders;
  const reasons = [
    ...(paused ? ["the cluster is paused (patronictl resume)"] : []),
    ...(leaders.length === 1 ? [] : [`the cluster has ${String(leaders.length)} leaders`]),
    ...members
      .filter(({ state }) => !GOOD_STATES.includes(state))
      .map(({ name, state }) => `${name} is ${state === "" ? "in an unknown state" : state}, not running`),
  ];
  const replicas = members.filter(({ role }) => role !== "leader" && role !== "standby_leader");
  const fit = replicas.filter((member) => lagProblem(member, wishes.maxLagBytes) === null);
  const [first] = [...fit].sort((a, b) => (a.lagBytes ?? 0) - (b.lagBytes ?? 0));
  const candidate = wishes.candidate === null ? first : replicas.find(({ name }) => name === wishes.candidate);
  if (candidate === undefined) reasons.push(nobody(wishes, replicas));
  else reasons.push(...(lagProblem(candidate, wishes.maxLagBytes) ?? []));
  if (leader === undefined || candidate === undefined || reasons.length > 0) return { kind: "refused", reasons };
  return { kind: "ready", leader, candidate };
}

function nobody({ candidate, maxLagBytes }: DrillWishes, replicas: readonly Member[]): string {
  const names = replicas.map(({ name }) => name).join(", ") || "none";
  if (candidate !== null) return `${candidate} is no replica of the cluster (replicas: ${names})`;
  return [
    `no replica could take over (replicas: ${names})`,
    ...replicas.flatMap((one) => lagProblem(one, maxLagBytes) ?? []),
  ].join("; ");
}

function lagProblem({ name, lagBytes }: Member, maxLagBytes: number): readonly string[] | null {
  if (lagBytes === null) return [`the lag of ${name} is not known`];
  if (lagBytes <= maxLagBytes) return null;
  return [`${name} is ${String(lagBytes)} bytes behind, more than ${String(maxLagBytes)} (--candidate-lag)`];
}
