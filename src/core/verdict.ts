/**
 * From one observation of Patroni to a verdict about this node, for the role `primary`.
 *
 * The status code says who has the leader lock, the body says what PostgreSQL does, and both are needed: a stopping or
 * crashed primary still answers 200, and a node that has just won the lock answers 200 while PostgreSQL is read-only.
 */
import { unreachable } from "../assert.js";
import type { PatroniStatus } from "../wire/patroni.js";
import type { Observation, PortState, UnknownReason } from "./observation.js";

export type Verdict =
  /** Has the lock, and PostgreSQL takes writes. */
  | { readonly kind: "writable" }
  /** Has the lock, PostgreSQL runs but is still read-only: a promotion, usually over in 25 to 150 ms. */
  | { readonly kind: "promoting" }
  /** Has the lock, PostgreSQL is starting, crashed or in a state Patroni cannot name: it may come back here. */
  | { readonly kind: "recovering"; readonly state: string }
  /** Has the lock, PostgreSQL is being stopped or is stopped: a hand-over is likely. */
  | { readonly kind: "ending"; readonly state: string }
  /** Has not the lock. */
  | { readonly kind: "notLeader"; readonly postgres: "replica" | "down" | "writable" }
  /** May have an elected VIP, as others may: Patroni says that this node has its role. */
  | { readonly kind: "eligible"; readonly role: string }
  /** May not have an elected VIP: it has another role, lags too far behind, or PostgreSQL does not run. */
  | { readonly kind: "ineligible"; readonly role: string; readonly state: string }
  /** Patroni said nothing that can be used. */
  | { readonly kind: "silent"; readonly reason: UnknownReason; readonly detail: string; readonly port: PortState };

/** "Leader", said by a Patroni whose lock must be over: as good as no answer. */
export const outlived: Verdict = {
  kind: "silent",
  reason: "outlived",
  detail: "it says leader, but has not seen its DCS for as long as the leader lock lives",
  port: "unknown",
};

/** Judges an answer to `GET /replica` and the like: roles that several nodes have, and an election chooses among. */
export function judgeCandidate(observation: Observation): Verdict {
  if (observation.kind === "unknown") return judge(observation);
  const { rawRole: role, rawState: state } = observation.status;
  return observation.hasRole ? { kind: "eligible", role } : { kind: "ineligible", role, state };
}

/** Judges an answer to `GET /primary` (Patroni REST API, `patroni/api.py` do_GET). */
export function judge(observation: Observation): Verdict {
  if (observation.kind === "unknown") {
    return { kind: "silent", reason: observation.reason, detail: observation.detail, port: observation.port };
  }
  const { status } = observation;
  return observation.hasRole ? judgeLeader(status) : judgeOther(status);
}

/** Whether Patroni answered that this node has the group's role: the leader lock, for `primary`. */
export function leads(verdict: Verdict): boolean {
  switch (verdict.kind) {
    case "eligible":
    case "writable":
    case "promoting":
    case "recovering":
    case "ending":
      return true;
    case "notLeader":
    case "ineligible":
    case "silent":
      return false;
  }
}

/** Whether PostgreSQL answers here or is about to (a promotion): worth normal adverts. */
export function serves(verdict: Verdict): boolean {
  return verdict.kind === "writable" || verdict.kind === "promoting" || verdict.kind === "eligible";
}

/** One sentence for logs and status. */
export function explain(verdict: Verdict): string {
  switch (verdict.kind) {
    case "writable":
      return "Patroni says this node is the primary and takes writes";
    case "promoting":
      return "this node has the leader lock, PostgreSQL is being promoted";
    case "recovering":
      return `this node has the leader lock, PostgreSQL is ${verdict.state}`;
    case "ending":
      return `this node still has the leader lock, PostgreSQL is ${verdict.state}`;
    case "notLeader":
      return notLeaderText[verdict.postgres];
    case "eligible":
      return `Patroni says this node may have the VIP (${verdict.role})`;
    case "ineligible":
      return `Patroni says this node may not have the VIP (${verdict.role}, ${verdict.state})`;
    case "silent":
      return `Patroni gave no usable answer (${verdict.reason}: ${verdict.detail})`;
  }
}

const notLeaderText = {
  replica: "Patroni says this node is a replica",
  down: "Patroni says this node is not the leader, PostgreSQL is not running",
  writable: "Patroni says this node is not the leader, but PostgreSQL here still takes writes",
} as const;

function judgeLeader(status: PatroniStatus): Verdict {
  switch (status.state) {
    case "running":
      return status.role === "primary" ? { kind: "writable" } : { kind: "promoting" };
    case "stopping":
    case "stopped":
      return { kind: "ending", state: status.state };
    case "starting":
    case "crashed":
    case "other":
      return { kind: "recovering", state: status.rawState };
    default:
      return unreachable(status.state);
  }
}

function judgeOther(status: PatroniStatus): Verdict {
  if (status.state !== "running") return { kind: "notLeader", postgres: "down" };
  return { kind: "notLeader", postgres: status.role === "primary" ? "writable" : "replica" };
}
