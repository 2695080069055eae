/** How a drill calls what it sees: in sentences for its events, and in the states that report/timeline.ts has looks for. */
import type { Observation } from "../core/observation.js";
import { leads, type Verdict } from "../core/verdict.js";
import type { Probe } from "./probes.js";

export const ARP_LANE = "ARP";
export const patroniLane = (member: string): string => `Patroni ${member}`;
export const postgresLane = (member: string): string => `PostgreSQL ${member}`;
export const vipLane = (member: string): string => `VIP ${member}`;
export const clientLane = ({ name }: Probe): string => `client: ${name}`;

export function verdictText(verdict: Verdict): string {
  switch (verdict.kind) {
    case "writable":
      return "leads, and PostgreSQL takes writes";
    case "promoting":
      return "has the leader lock, PostgreSQL is being promoted";
    case "recovering":
    case "ending":
      return `has the leader lock, PostgreSQL is ${verdict.state}`;
    case "notLeader":
      return verdict.postgres === "replica" ? "is a replica" : `is not the leader, PostgreSQL is ${verdict.postgres}`;
    case "eligible":
      return `is a ${verdict.role}`;
    case "ineligible":
      return `is no ${verdict.role}, but ${verdict.state}`;
    case "silent":
      return `Patroni does not answer (${verdict.reason})`;
  }
}

/** As the looks of report/timeline.ts call them. */
export function lockState(verdict: Verdict): string {
  if (verdict.kind === "silent") return "silent";
  if (verdict.kind === "writable") return "leader";
  return leads(verdict) ? "lock" : "replica";
}

/** By Patroni's word. */
export function postgresState(observation: Observation): string {
  if (observation.kind === "unknown") return "silent";
  const { role, state } = observation.status;
  if (state === "running") return role === "primary" ? "primary" : "replica";
  return state === "stopped" || state === "crashed" ? "down" : "changing";
}
