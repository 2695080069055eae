/**
 * Decides the phase of a group from what is known, never from the event that was just noted: so the order in which events
 * arrive does not matter.
 */
import { assert, unreachable } from "../assert.js";
import { noteConfirmed, yieldToLeader } from "./contradiction.js";
import { addBound, duckDeadlineOf } from "./deadlines.js";
import { decideCandidate, decideElected } from "./election.js";
import { giveUp, mayTake } from "./maintenance.js";
import { deny, dropLeftover, release, withHold } from "./moves.js";
import { probeOverMs, heedAnswer } from "./probe.js";
import { someoneAnswers } from "./speakers.js";
import { LAME_DUCK_PRIORITY, OWNER_PRIORITY, type Turn } from "./turn.js";
import type { Claim, DuckBounds, Hold, Phase, Reason } from "./types.js";
import { type Verdict, explain, leads, serves } from "./verdict.js";

export function decide(turn: Turn): void {
  if (giveUp(turn) || yieldToLeader(turn)) return;
  const { phase } = turn.state;
  const elects = turn.settings.election !== null;
  switch (phase.kind) {
    case "starting":
      decideStarting(turn, phase.untilMs, phase.adopted);
      return;
    case "standby":
      if (elects) decideCandidate(turn);
      else decideStandby(turn, phase);
      return;
    case "holder":
      if (elects) decideElected(turn, phase.hold, () => becomeLameDuck(turn, phase.hold));
      else decideHolder(turn, phase.hold);
      return;
    case "lameDuck":
      decideLameDuck(turn, phase.hold, phase.bounds);
      return;
    case "fault":
    case "stopped":
      return;
    default:
      unreachable(phase);
  }
}

/** An adopted VIP: kept if Patroni says so, removed if it says no or nothing. */
function decideStarting(turn: Turn, untilMs: number, adopted: boolean): void {
  if (!adopted) return;
  const view = turn.freshView;
  if (view !== null && serves(view.verdict)) {
    takeAsHolder(turn, "adopted", `adopted: ${explain(view.verdict)}`);
  } else if (view !== null && (leads(view.verdict) || isDown(view.verdict))) {
    takeAsLameDuck(turn, view.verdict, "adopted", `adopted: ${explain(view.verdict)}`);
  } else if (view?.verdict.kind === "notLeader") {
    dropLeftover(turn, "not-leader", explain(view.verdict));
  } else if (view?.verdict.kind === "ineligible") {
    dropLeftover(turn, "not-eligible", explain(view.verdict));
  } else if (turn.nowMs >= untilMs) {
    dropLeftover(turn, "startup-grace-over", "Patroni did not say in time whether the VIP found here may stay");
  }
}

function isDown(verdict: Verdict): boolean {
  return verdict.kind === "notLeader" && verdict.postgres === "down";
}

/** The take rule: never silent, never read-only when avoidable. */
function decideStandby(turn: Turn, { lockSinceMs, recovery }: Phase & { readonly kind: "standby" }): void {
  const { timing, takeOn } = turn.settings;
  const { speakers } = turn.state;
  const view = turn.freshView;
  if (view === null) return;
  if (!mayTake(turn) || turn.nowMs < probeOverMs(turn.state)) return;
  const text = explain(view.verdict);
  switch (view.verdict.kind) {
    case "writable":
      takeAsHolder(turn, "primary-writable", text);
      return;
    case "promoting": {
      const sinceMs = lockSinceMs ?? turn.nowMs;
      turn.enter({ kind: "standby", lockSinceMs: sinceMs, recovery }, "primary-promoting", text);
      if (lockSinceMs === null) turn.effect({ kind: "watchRecovery" });
      if (recovery === "over") takeAsHolder(turn, "recovery-over", recoveryOverText);
      else if (takeOn === "lock") takeAsHolder(turn, "leader-lock", text);
      else if (takeOn === "auto" && !someoneAnswers(speakers))
        takeAsHolder(turn, "leader-lock", `${text}; nobody answers for the VIP`);
      else if (takeOn === "auto" && turn.nowMs >= sinceMs + timing.promoteGraceMs)
        takeAsHolder(turn, "promote-grace-over", text);
      return;
    }
    case "recovering":
      // A refused connection is better than a lost one, and nobody else can be leader.
      if (takeOn !== "writable" && !someoneAnswers(speakers))
        takeAsLameDuck(turn, view.verdict, "postgres-recovering", text);
      return;
    case "ending":
    case "notLeader":
    case "eligible":
    case "ineligible":
    case "silent":
      if (lockSinceMs !== null)
        turn.enter({ kind: "standby", lockSinceMs: null, recovery: "unseen" }, "not-leader", text);
      return;
    default:
      unreachable(view.verdict);
  }
}

const recoveryOverText = "this node has the leader lock, and PostgreSQL's recovery is over";

function takeAsHolder(turn: Turn, reason: Reason, text: string): void {
  heedAnswer(turn);
  turn.enter({ kind: "holder", hold: turn.newHold(turn.settings.priority) }, reason, text);
  turn.takeOver(turn.settings.priority);
  turn.poll({ disturbedAtMs: turn.state.view?.verdict.kind === "promoting" ? turn.nowMs : null });
}

function takeAsLameDuck(turn: Turn, verdict: Verdict, reason: Reason, text: string): void {
  const bounds = addBound({}, verdict, turn.state, turn.settings.timing, turn.nowMs);
  turn.enter({ kind: "lameDuck", hold: turn.newHold(LAME_DUCK_PRIORITY), bounds }, reason, text);
  if (leads(verdict)) turn.takeOver(LAME_DUCK_PRIORITY);
  else turn.takeOverQuietly(LAME_DUCK_PRIORITY);
}

function decideHolder(turn: Turn, hold: Hold): void {
  const { view } = turn.state;
  assert(view !== null, "a holder has an answer of Patroni");
  if (serves(view.verdict)) {
    if (view.verdict.kind === "writable") turn.poll({ disturbedAtMs: null });
    answerClaim(turn, hold, view.sentAtMs);
    return;
  }
  becomeLameDuck(turn, hold);
}

function becomeLameDuck(turn: Turn, hold: Hold): void {
  const { view } = turn.state;
  assert(view !== null, "a lame duck has an answer of Patroni");
  const bounds = addBound({}, view.verdict, turn.state, turn.settings.timing, turn.nowMs);
  const meek = { ...hold, priority: LAME_DUCK_PRIORITY };
  turn.enter({ kind: "lameDuck", hold: meek, bounds }, duckReason(view.verdict), explain(view.verdict));
  turn.effect({ kind: "advertise", priority: LAME_DUCK_PRIORITY });
  turn.renewLeases();
  // From here on another node may be the leader: announcing now could take its clients away.
  if (!leads(view.verdict)) turn.silence();
  decideLameDuck(turn, meek, bounds);
}

function duckReason(verdict: Verdict): Reason {
  switch (verdict.kind) {
    case "recovering":
      return "postgres-recovering";
    case "ending":
      return "postgres-ending";
    case "silent":
      return "patroni-silent";
    case "ineligible":
      return "not-eligible";
    case "notLeader":
    case "writable":
    case "promoting":
    case "eligible":
      return "not-leader";
  }
}

function decideLameDuck(turn: Turn, hold: Hold, known: DuckBounds): void {
  const { view } = turn.state;
  assert(view !== null, "a lame duck has an answer of Patroni");
  const { verdict } = view;
  if (serves(verdict)) {
    const { priority } = turn.settings;
    turn.enter({ kind: "holder", hold: { ...turn.renewed(hold), priority } }, "patroni-back", explain(verdict));
    turn.renewLeases();
    turn.effect({ kind: "advertise", priority });
    turn.announceSoon();
    return;
  }
  const bounds = addBound(known, verdict, turn.state, turn.settings.timing, turn.nowMs);
  turn.enter({ kind: "lameDuck", hold, bounds }, duckReason(verdict), explain(verdict));
  if (duckDeadlineOf(bounds) !== duckDeadlineOf(known)) turn.renewLeases();
  if (leads(verdict)) {
    answerClaim(turn, hold, view.sentAtMs);
  } else if (hold.claim !== null && !mayBeForged(turn, verdict)) {
    release(turn, "claim", `${hold.claim.from} has the VIP now`);
  } else if (turn.nowMs >= duckDeadlineOf(bounds)) {
    release(turn, "deadline", "no successor claimed the VIP in time");
  }
}

/** One answer that came too late is no silence: a busy machine must not make forged claims true. */
const CLAIM_PATIENCE_MS = 500;

/**
 * Whether a claim may be disbelieved for a moment: Patroni has only just fallen silent, PostgreSQL has not refused, and by
 * the last answer nobody else can be leader yet. The next answers decide.
 */
function mayBeForged({ state, nowMs }: Turn, verdict: Verdict): boolean {
  if (verdict.kind !== "silent" || verdict.port === "refuses" || state.silentSinceMs === null) return false;
  return nowMs < state.rightUntilMs && nowMs < state.silentSinceMs + CLAIM_PATIENCE_MS;
}

/** A claim heard by a node that leads is settled by Patroni's next word: "leader" again means that we stay. */
function answerClaim(turn: Turn, hold: Hold, sentAtMs: number): void {
  if (hold.claim !== null && sentAtMs >= hold.claim.heardAtMs) confirm(turn, hold, hold.claim);
}

function confirm(turn: Turn, hold: Hold, claim: Claim): void {
  outbid(turn, claim.from);
  deny(turn, hold, `${claim.from} claims the VIP, but Patroni confirms this node`);
  noteConfirmed(turn, hold);
}

/** A router that does not ask Patroni gives way to a higher priority only. */
function outbid(turn: Turn, from: string): void {
  const { phase, speakers } = turn.state;
  const rival = speakers[from];
  if (phase.kind !== "holder" || rival === undefined || rival.priority < phase.hold.priority) return;
  if (phase.hold.priority === OWNER_PRIORITY) return;
  // Whatever went out a moment ago, this one is news.
  withHold(turn, (hold) => ({ ...hold, priority: OWNER_PRIORITY, assertedAtMs: -Infinity }));
}
