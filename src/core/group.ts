/**
 * The states of one group with role `primary`, as one pure step: (state, event, now) → (state, effects).
 *
 *     starting → standby ⇄ holder → lameDuck → standby, and fault from anywhere
 *
 * Every step does the same four things: note the event, let deadlines that have passed take effect, decide the phase from
 * what is known (never from the event itself, so that the order of events does not matter), and order what is due.
 * For `primary`, Patroni's leader lock is the election; VRRP announces the holder and ends overlap.
 *
 * Invariants (checked by invariants.ts after every step of the tests and the simulator):
 * - a VIP is taken only on an answer of Patroni, younger than the lease, that this node leads;
 * - a lame duck whose Patroni does not say "leader" has a deadline;
 * - a holder has orders for its leases outstanding at any time, so the network lets go when the core stops.
 */
import { nextAnnouncementMs, silentAnnouncing } from "./announcing.js";
import { uncontradicted } from "./contradiction.js";
import { decide } from "./decide.js";
import { duckDeadlineOf } from "./deadlines.js";
import { maintenanceOverMs, passMaintenance } from "./maintenance.js";
import { holds, standBy, withHold } from "./moves.js";
import { endLease, note } from "./note.js";
import { isCalm, patienceOf, pollIntervalMs, questionsAtOnce } from "./polling.js";
import { probeAgain, probeOverMs, unprobed } from "./probe.js";
import { forgetSilent, someoneAnswers } from "./speakers.js";
import { Turn } from "./turn.js";
import type { Effect, GroupEvent, GroupSettings, GroupState, Hold, Phase } from "./types.js";

/** Patroni must answer within this time when somebody claims the VIP: silence counts as "not confirmed". */
const CLAIM_ANSWER_MS = 150;

export interface Step {
  readonly state: GroupState;
  readonly effects: readonly Effect[];
}

export function initialState(): GroupState {
  return {
    phase: { kind: "starting", untilMs: Infinity, adopted: false },
    phaseSinceMs: 0,
    view: null,
    silentSinceMs: null,
    dcsTold: null,
    distrustBeforeMs: 0,
    rightUntilMs: 0,
    dcs: null,
    maintenance: { kind: "none" },
    contradiction: uncontradicted,
    clusterPaused: false,
    speakers: {},
    contest: null,
    polling: {
      inFlight: [],
      patient: null,
      lastQuestion: 0,
      lastAskedAtMs: -Infinity,
      urgentAtMs: Infinity,
      disturbedAtMs: null,
    },
    probe: unprobed,
    announcing: silentAnnouncing,
    removeAtMs: Infinity,
    remindAtMs: {},
    counters: {
      takeOvers: 0,
      releases: 0,
      conflicts: 0,
      leasesEnded: 0,
      addressesRestored: 0,
      announcements: 0,
      foreignAdverts: 0,
    },
  };
}

export function step(settings: GroupSettings, state: GroupState, event: GroupEvent, nowMs: number): Step {
  if (state.phase.kind === "stopped") return { state, effects: [] };
  const turn = new Turn(settings, state, nowMs);
  note(turn, event);
  passDeadlines(turn);
  decide(turn);
  orderWhatIsDue(turn);
  return { state: turn.state, effects: turn.effects };
}

/** The next instant at which the state wants a `tick`; Infinity when only an event can change anything. */
export function nextDeadlineMs(settings: GroupSettings, state: GroupState, nowMs: number): number {
  const { phase, polling, speakers } = state;
  const deadlines = [
    maintenanceOverMs(state),
    state.removeAtMs,
    ...Object.values(speakers).map(({ downAtMs }) => downAtMs),
  ];
  // A patient question needs nobody to wake up for the next one.
  if (asks(phase) && !isCalm(state)) {
    const mayAsk = polling.inFlight.length < questionsAtOnce(state, nowMs);
    if (mayAsk) deadlines.push(askDueMs(settings, state, nowMs));
    // Then one more may be asked than now.
    else if (polling.urgentAtMs > nowMs) deadlines.push(polling.urgentAtMs);
  }
  switch (phase.kind) {
    case "starting":
      deadlines.push(phase.untilMs);
      break;
    case "standby":
      deadlines.push(promoteGraceOverMs(settings, phase.lockSinceMs, nowMs), state.contest?.downAtMs ?? Infinity);
      if (probeOverMs(state) > nowMs) deadlines.push(probeOverMs(state));
      break;
    case "lameDuck":
      deadlines.push(duckDeadlineOf(phase.bounds), ...holdDeadlines(settings, phase.hold, state));
      break;
    case "holder":
      deadlines.push(...holdDeadlines(settings, phase.hold, state));
      break;
    case "fault":
      deadlines.push(phase.retryAtMs);
      break;
    case "stopped":
      return Infinity;
  }
  return Math.min(...deadlines, Infinity);
}

function holdDeadlines({ vips }: GroupSettings, hold: Hold, state: GroupState): number[] {
  const { announcing, probe } = state;
  return [hold.renewAtMs, hold.restoreAtMs ?? Infinity, nextAnnouncementMs(announcing, vips), probe.againAtMs];
}

/** Once over, the grace wakes nobody any more: the next answer of Patroni decides. */
function promoteGraceOverMs(settings: GroupSettings, lockSinceMs: number | null, nowMs: number): number {
  const overMs = lockSinceMs === null ? Infinity : lockSinceMs + settings.timing.promoteGraceMs;
  return overMs > nowMs ? overMs : Infinity;
}

function passDeadlines(turn: Turn): void {
  passMaintenance(turn);
  const { speakers, phase } = turn.state;
  const alive = forgetSilent(speakers, turn.nowMs);
  if (alive !== speakers) {
    turn.set({ speakers: alive });
    if (!someoneAnswers(alive) && phase.kind === "standby") turn.disturb();
  }
  if (holds(phase) && turn.nowMs >= phase.hold.leaseOverAtMs) {
    // We stood still: the news that the network let go may still be on its way, behind events that ask for deeds.
    turn.effect({ kind: "release" });
    endLease(turn);
  }
  if (phase.kind === "fault" && phase.retryAtMs <= turn.nowMs) {
    standBy(turn, "retry", "trying again after a fault");
  }
  if (turn.nowMs >= turn.state.removeAtMs) {
    turn.set({ removeAtMs: Infinity });
    const { kind } = turn.state.phase;
    if (kind === "standby" || kind === "fault") turn.effect({ kind: "removeLeftover" });
  }
}

function orderWhatIsDue(turn: Turn): void {
  const { phase } = turn.state;
  if (holds(phase)) {
    probeAgain(turn);
    if (phase.hold.restoreAtMs !== null && turn.nowMs >= phase.hold.restoreAtMs) {
      withHold(turn, (hold) => ({ ...turn.renewed(hold), addressAtMs: null, restoreAtMs: null }));
      // A lame duck with a deadline may have a successor, whose clients it must not take away.
      if (phase.kind === "lameDuck" && duckDeadlineOf(phase.bounds) !== Infinity) {
        turn.takeOverQuietly(phase.hold.priority);
      } else {
        turn.putBack(phase.hold.priority);
      }
    } else if (turn.nowMs >= phase.hold.renewAtMs) {
      withHold(turn, (hold) => turn.renewed(hold));
      turn.renewLeases();
    }
    if (turn.nowMs >= nextAnnouncementMs(turn.state.announcing, turn.settings.vips)) turn.announceNow();
  }
  if (asks(turn.state.phase)) ask(turn);
}

function ask(turn: Turn): void {
  const { polling } = turn.state;
  if (isCalm(turn.state)) {
    if (polling.patient === null && polling.inFlight.length === 0) askPatiently(turn);
    return;
  }
  if (polling.inFlight.length >= questionsAtOnce(turn.state, turn.nowMs)) return;
  if (turn.nowMs < askDueMs(turn.settings, turn.state, turn.nowMs)) return;
  const question = polling.lastQuestion + 1;
  const { phase } = turn.state;
  const claimed = holds(phase) && phase.hold.claim !== null;
  const inFlight = [...polling.inFlight, question];
  const notBeforeMs = answerCountsFromMs(turn);
  const timeoutMs = claimed ? CLAIM_ANSWER_MS : turn.settings.timing.answerTimeoutMs;
  turn.poll({ inFlight, urgentAtMs: Infinity, lastQuestion: question, lastAskedAtMs: turn.nowMs });
  turn.effect({ kind: "ask", question, notBeforeMs, timeoutMs });
}

function askPatiently(turn: Turn): void {
  const { timing } = turn.settings;
  const question = turn.state.polling.lastQuestion + 1;
  const patience = patienceOf(turn.state, timing, turn.nowMs);
  turn.poll({ patient: question, lastQuestion: question });
  turn.effect({ kind: "askPatiently", question, patience, timeoutMs: timing.answerTimeoutMs });
}

/**
 * An urgent question has to be asked after what made it urgent. Any other may be one that was asked half an interval ago:
 * so groups that ask the same fall into step with each other, and none of them knows less than it would by itself.
 */
function answerCountsFromMs({ settings, state, nowMs }: Turn): number {
  const { urgentAtMs } = state.polling;
  return urgentAtMs <= nowMs ? urgentAtMs : nowMs - pollIntervalMs(state, settings.timing, nowMs) / 2;
}

function askDueMs(settings: GroupSettings, state: GroupState, nowMs: number): number {
  const { lastAskedAtMs, urgentAtMs } = state.polling;
  return Math.min(urgentAtMs, lastAskedAtMs + pollIntervalMs(state, settings.timing, nowMs));
}

/** A group without an interface still has nothing to ask; a stopped one never again. */
function asks(phase: Phase): boolean {
  return phase.kind !== "stopped" && !(phase.kind === "fault" && phase.fault.kind === "link");
}
