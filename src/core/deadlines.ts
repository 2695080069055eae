/**
 * How long a VIP may stay: lease arithmetic in one place, so that two writable primaries can never both hold it.
 *
 * Patroni's leader key lives `ttl` after its last renewal. `dcs_last_seen` bounds the age of that renewal in normal
 * running to one `loop_wait`, so nobody else can be leader before `dcs_last_seen + ttl - loop_wait`. Two seconds are kept
 * back for the kernel, which removes an expired address up to 1.25 s late, and for the truncation of `dcs_last_seen`.
 */
import type { Answered, DcsTold, Observation } from "./observation.js";
import type { DuckBounds, DuckCase, GroupState, Leases, Timing, View } from "./types.js";
import { type Verdict, leads } from "./verdict.js";

const KERNEL_MARGIN_MS = 2_000;
/** Without knowledge of the DCS (settings unknown, failsafe mode, odd clock): the shortest hand-over fits, no lease does. */
const BLIND_RIGHT_MS = 3_000;
const REPLICA_GRACE_MS = 1_000;
/**
 * The kernel's lease is whole seconds that fit before the end of the right, so an address that nobody renews any more may
 * run out a second before that, and its lifetime is cut by up to 20 ms. An address that runs out takes no session with it:
 * its clients would wait in vain. So the core lets go in order before the first moment at which the kernel could.
 */
const AHEAD_OF_KERNEL_MS = 1_050;
/** How long after a lame duck's deadline the network lets go by itself, should the core not have come to it. */
const SELF_RELEASE_MS = 50;

type DcsKnowledge = Pick<GroupState, "dcs" | "dcsTold">;

/** Until when a "leads" answer lets us believe that nobody else can be leader, should Patroni fall silent now. */
export function rightUntil(view: View, knowledge: DcsKnowledge, timing: Timing): number {
  const { observation, sentAtMs } = view;
  const { dcs } = knowledge;
  const latest = sentAtMs + timing.silenceTimeoutMs;
  // Several nodes may be eligible at once: no lock has to be minded.
  if (view.verdict.kind === "eligible") return latest;
  const blind = Math.min(latest, sentAtMs + BLIND_RIGHT_MS, outlivedAtMs(observation, knowledge));
  if (observation.kind === "unknown" || dcs === null || observation.dcsSeenAtMs === null) return blind;
  if (observation.status.failsafeActive) return blind;
  return Math.min(latest, observation.dcsSeenAtMs + dcs.ttlMs - dcs.loopWaitMs - KERNEL_MARGIN_MS);
}

/** After one more answer. Two looks at the DCS within one second cannot be told apart, and need not be. */
export function dcsToldBy(before: DcsTold | null, { status }: Answered, answeredAtMs: number): DcsTold | null {
  const { dcsLastSeenSeconds: seconds } = status;
  if (seconds === null || before?.seconds === seconds) return before;
  return { seconds, sinceMs: answeredAtMs };
}

/**
 * From when on a "leads" answer shows by itself that the lock must be over, should Patroni not see its DCS again; Infinity when
 * that cannot be known. Patroni believes its last renewal for `ttl` by the wall clock: a machine or a process that stood still
 * with a renewal under way believes it from when it woke up, and a clock that was set back makes it last longer. What Patroni
 * says of its last look at the DCS is by the same clock; that it says the same for so long is not.
 */
export function outlivedAtMs(observation: Observation, { dcs, dcsTold }: DcsKnowledge): number {
  if (observation.kind === "unknown" || !observation.hasRole || observation.status.failsafeActive) return Infinity;
  const seenAtMs = Math.min(observation.dcsSeenAtMs ?? Infinity, dcsTold?.sinceMs ?? Infinity);
  return dcs === null ? Infinity : seenAtMs + dcs.ttlMs - KERNEL_MARGIN_MS;
}

/** Which row of the lame duck's table a verdict is; `null` when Patroni says that this node leads: no deadline. */
export function duckCase(verdict: Verdict): DuckCase | null {
  if (verdict.kind === "notLeader") {
    return verdict.postgres === "writable" ? "accepts" : verdict.postgres;
  }
  if (verdict.kind === "ineligible") return "ineligible";
  if (verdict.kind === "silent") return verdict.port === "refuses" ? "refuses" : "accepts";
  return null;
}

/**
 * Whether a holder keeps the VIP without a deadline although Patroni does not say that it leads (see maintenance.ts). One that
 * has just been started says "not the leader" until it has its lock again; a replica only follows somebody else.
 */
export function isSustained({ maintenance, view, clusterPaused }: GroupState): boolean {
  if (maintenance.kind !== "paused" || !maintenance.pinned || !clusterPaused || view === null) return false;
  const { verdict } = view;
  return verdict.kind === "silent" || (verdict.kind === "notLeader" && verdict.postgres !== "replica");
}

/** The bounds after one more look: each case keeps the deadline it got when it was first seen in this episode. */
export function addBound(
  bounds: DuckBounds,
  verdict: Verdict,
  state: GroupState,
  timing: Timing,
  nowMs: number,
): DuckBounds {
  const kind = duckCase(verdict);
  if (kind === null || isSustained(state)) return {};
  if (bounds[kind] !== undefined) return bounds;
  return { ...bounds, [kind]: duckDeadline(kind, state, timing, nowMs) };
}

function duckDeadline(kind: DuckCase, state: GroupState, timing: Timing, nowMs: number): number {
  switch (kind) {
    case "down":
    case "refuses":
    case "ineligible":
      return nowMs + timing.holdTimeoutMs;
    case "replica":
      return nowMs + REPLICA_GRACE_MS;
    case "accepts":
      return state.rightUntilMs - AHEAD_OF_KERNEL_MS;
  }
}

/** The instant at which a lame duck lets go by itself; Infinity while Patroni says that this node leads. */
export function duckDeadlineOf(bounds: DuckBounds): number {
  return Math.min(Infinity, ...Object.values(bounds));
}

/**
 * Leases for the network. While Patroni says "leader" the right reaches at least as far as one kernel lease, because each
 * answer renews it; a lame duck's right ends with its deadline, or a kernel lease later where PostgreSQL cannot write.
 */
export function leasesOf(state: GroupState, timing: Timing, nowMs: number): Leases {
  const leaseUntilMs = nowMs + timing.leaseMs;
  const { phase, view } = state;
  const deadline = phase.kind === "lameDuck" ? duckDeadlineOf(phase.bounds) : Infinity;
  if (phase.kind === "lameDuck" && deadline !== Infinity) {
    const safe = phase.bounds.accepts === undefined;
    return {
      leaseUntilMs: Math.min(leaseUntilMs, deadline + SELF_RELEASE_MS),
      rightUntilMs: deadline + (safe ? KERNEL_MARGIN_MS : AHEAD_OF_KERNEL_MS),
    };
  }
  const fresh = view !== null && leads(view.verdict) ? view.sentAtMs + BLIND_RIGHT_MS : nowMs;
  if (isSustained(state)) return { leaseUntilMs, rightUntilMs: nowMs + BLIND_RIGHT_MS };
  return { leaseUntilMs, rightUntilMs: Math.max(state.rightUntilMs, fresh) };
}

/** The next of the instants, so far apart, that all groups share: many of them then wake the agent up no oftener than one. */
export function nextSharedMs(everyMs: number, nowMs: number): number {
  return (Math.floor(nowMs / everyMs) + 1) * everyMs;
}
