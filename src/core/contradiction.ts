/**
 * Two holders whose Patronis confirm both of them. The leader lock is one node's, so either it is broken, or one of the two
 * Patronis is wrong, or the other holder is forged or a router that knows nothing of Patroni.
 *
 * Adverts cannot settle that: each of the two would announce itself for ever. So `/cluster` is read through this node's own
 * Patroni, which reads it from the DCS. Whom it names keeps the VIP, and who finds another one named there goes without it
 * until Patroni thinks otherwise (docs/adr/0020). Nothing that comes from the network makes a node yield.
 */
import { dropLeftover, holds, LAST_WORDS_MS, release } from "./moves.js";
import { someoneAnswers } from "./speakers.js";
import { LAME_DUCK_PRIORITY, type Turn } from "./turn.js";
import type { ClusterReading, Contradiction, GroupEvent, Hold } from "./types.js";
import { explain, leads } from "./verdict.js";

/** So many times within so long Patroni confirms this node against another holder: no hand-over does that. */
const CONFIRMATIONS = 3;
const CONFIRMED_WINDOW_MS = 5_000;
/** `/cluster` refreshes `dcs_last_seen`, on which leases rest: whoever forges adverts must not have it read all the time. */
const READ_INTERVAL_MS = 10_000;
/** ... but who has yielded rests no lease on it, and must know soon when nobody has the VIP any more. */
const READ_ALONE_INTERVAL_MS = 1_000;

export const uncontradicted: Contradiction = { confirmedAtMs: [], readAtMs: -Infinity, yieldedTo: null };

/** Patroni has confirmed this node, which holds the VIP, against a claim. Announcements alone, without adverts, do not count. */
export function noteConfirmed(turn: Turn, hold: Hold): void {
  const { speakers, contradiction } = turn.state;
  const rival = Object.entries(speakers).find(([, { priority }]) => priority > LAME_DUCK_PRIORITY);
  if (rival === undefined || turn.nowMs - hold.sinceMs < LAST_WORDS_MS) return;
  const recent = contradiction.confirmedAtMs.filter((atMs) => atMs > turn.nowMs - CONFIRMED_WINDOW_MS);
  const confirmedAtMs = [...recent, turn.nowMs].slice(-CONFIRMATIONS);
  turn.set({ contradiction: { ...contradiction, confirmedAtMs } });
  if (confirmedAtMs.length < CONFIRMATIONS) return;
  const text = `${rival[0]} keeps the VIP although Patroni confirms this node: /cluster has to tell who leads`;
  turn.remind("two-leaders", text);
  readCluster(turn, READ_INTERVAL_MS);
}

/** Old news are those that were read before this node got the VIP, or before it gave it up. */
export function noteCluster(turn: Turn, { reading }: GroupEvent & { readonly kind: "clusterRead" }): void {
  const { phase, phaseSinceMs, contradiction } = turn.state;
  const yielded = contradiction.yieldedTo !== null;
  if (holds(phase) ? reading.sentAtMs < phase.hold.sinceMs : !yielded || reading.sentAtMs < phaseSinceMs) return;
  const settled = settle(reading, ownTimeline(turn));
  const yieldedTo = settled.kind === "yields" ? settled.to : null;
  turn.set({ contradiction: { ...contradiction, confirmedAtMs: [], yieldedTo } });
  if (settled.kind === "stays") turn.alarm("two-leaders", `${settled.why}: the VIP belongs here, as Patroni says`);
}

/** Carries out what `/cluster` has told; true when this node does without the VIP. */
export function yieldToLeader(turn: Turn): boolean {
  const { phase, contradiction, view } = turn.state;
  const { yieldedTo } = contradiction;
  if (yieldedTo === null) return false;
  const text = `by /cluster the VIP is that of ${yieldedTo}, whatever Patroni says of this node`;
  if (holds(phase)) {
    turn.alarm("two-leaders", text);
    // A lame duck goes when somebody claims the VIP with good reason, as ever.
    release(turn, phase.kind === "holder" ? "two-leaders" : "claim", text);
  } else if (phase.kind === "starting" && phase.adopted) {
    dropLeftover(turn, "not-leader", text);
  } else if (phase.kind === "standby" && view !== null && view.verdict.kind !== "silent") {
    if (!leads(view.verdict)) {
      turn.set({ contradiction: uncontradicted });
      turn.notice("two-leaders", `the contradiction is over: ${explain(view.verdict)}`);
      return false;
    }
    turn.remind("two-leaders", text);
    readCluster(turn, someoneAnswers(turn.state.speakers) ? READ_INTERVAL_MS : READ_ALONE_INTERVAL_MS);
  }
  return true;
}

function readCluster(turn: Turn, intervalMs: number): void {
  const { contradiction } = turn.state;
  if (turn.nowMs < contradiction.readAtMs + intervalMs) return;
  turn.set({ contradiction: { ...contradiction, readAtMs: turn.nowMs } });
  turn.effect({ kind: "readCluster" });
}

type Settlement = { readonly kind: "yields"; readonly to: string } | { readonly kind: "stays"; readonly why: string };

/** Only what contradicts this node by name makes it yield; to know nothing is no reason. */
function settle({ members, own }: ClusterReading, timeline: number | null): Settlement {
  if (members === null) return { kind: "stays", why: "/cluster did not answer" };
  if (own === null) return { kind: "stays", why: "/cluster does not tell which of its members is this node" };
  const leader = members.find(({ role }) => role === "leader" || role === "standby_leader");
  if (leader === undefined) {
    const later = members.find((member) => member.name !== own && isLater(member.timeline, timeline));
    return later === undefined
      ? { kind: "stays", why: "/cluster names nobody as the leader" }
      : { kind: "yields", to: later.name };
  }
  if (leader.name === own) return { kind: "stays", why: "/cluster names this node as the leader" };
  if (isLater(timeline, leader.timeline))
    return { kind: "stays", why: `/cluster names ${leader.name} as the leader, which is on an earlier timeline` };
  return { kind: "yields", to: leader.name };
}

/** A timeline that is not known is not later than any other. */
function isLater(one: number | null, other: number | null): boolean {
  return one !== null && other !== null && one > other;
}

function ownTimeline({ state: { view } }: Turn): number | null {
  return view?.observation.kind === "answered" ? view.observation.status.timeline : null;
}
