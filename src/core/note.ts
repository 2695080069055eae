/**
 * Notes what an event tells in the state of a group. Decisions are not made here but in decide.ts, except where the event
 * itself ends the right to the VIP: the interface is lost, the address is refused, the lease has ended, the agent stops.
 */
import { unreachable } from "../assert.js";
import { noteCluster } from "./contradiction.js";
import { dcsToldBy, duckDeadlineOf, outlivedAtMs, rightUntil } from "./deadlines.js";
import { noteMaintenance, pinHere } from "./maintenance.js";
import { assertHolding, holds, letGo, release, standBy, withHold } from "./moves.js";
import { noteProbeAnswer, sendProbe } from "./probe.js";
import { expectMore, noteCeased } from "./expecting.js";
import { heard } from "./speakers.js";
import { LAME_DUCK_PRIORITY, type Turn } from "./turn.js";
import type { GroupEvent } from "./types.js";
import type { Observation } from "./observation.js";
import { noteRival } from "./election.js";
import { type Verdict, judge, judgeCandidate, leads, outlived } from "./verdict.js";

/** Claims make us ask again at most this often; the answer to one serves all claims heard meanwhile. */
const CLAIM_INTERVAL_MS = 100;
const FAULT_RETRY_MS = 1_000;
/** A VIP that somebody deletes is put back at once, but not more often than this. */
const RESTORE_INTERVAL_MS = 40;

export function note(turn: Turn, event: GroupEvent): void {
  switch (event.kind) {
    case "interfaceReady":
      noteInterface(turn, event.present);
      return;
    case "interfaceLost":
      loseInterface(turn, event.reason);
      return;
    case "interfaceChanged":
      withHold(turn, (hold) => ({ ...hold, restoreAtMs: turn.nowMs }));
      return;
    case "reconfigured":
      noteSettings(turn);
      return;
    case "patroniAnswered":
      noteAnswer(turn, event);
      return;
    case "dcsSettingsLearned":
      turn.set({ dcs: event.dcs });
      return;
    case "clusterRead":
      noteCluster(turn, event);
      return;
    case "advertReceived":
      noteAdvert(turn, event);
      return;
    case "advertsCeased":
      noteCeased(turn, event.from);
      return;
    case "advertRefused":
      turn.remind("advert-refused", event.text);
      return;
    case "clockDiffers":
      turn.remind("clock-differs", event.text);
      return;
    case "vipAnnounced":
      noteProbeAnswer(turn, event.vip, event.mac);
      noteClaim(turn, event.mac);
      return;
    case "tookOver":
      withHold(turn, (hold) => ({ ...hold, addressAtMs: event.times.addressAtMs, restoreAtMs: null }));
      turn.effect({ kind: "report", report: { kind: "tookOver", times: event.times } });
      return;
    case "takeOverFailed":
      failAddress(turn, event.errno, event.text);
      return;
    case "removalFailed":
      noteRemovalFailed(turn, event.text);
      return;
    case "addressGone":
      noteAddressGone(turn, event.vip, event.atMs);
      return;
    case "addressAppeared":
      noteAddressAppeared(turn, event.vip);
      return;
    case "leaseEnded":
      endLease(turn);
      return;
    case "suspended":
      noteSuspended(turn, event.forMs);
      return;
    case "recoveryWatched":
      noteRecovery(turn, "watched");
      return;
    case "recoveryEnded":
      noteRecovery(turn, "over");
      return;
    case "notified":
      turn.poll({ urgentAtMs: turn.nowMs });
      turn.disturb();
      return;
    case "maintenanceOrdered":
      noteMaintenance(turn, event.maintenance);
      return;
    case "stopRequested":
      stop(turn, event.policy);
      return;
    case "tick":
      return;
    default:
      unreachable(event);
  }
}

function noteInterface(turn: Turn, present: boolean): void {
  const { phase } = turn.state;
  if (phase.kind !== "starting" && !(phase.kind === "fault" && phase.fault.kind === "link")) return;
  const untilMs = turn.nowMs + turn.settings.timing.startupGraceMs;
  turn.poll({ urgentAtMs: turn.nowMs });
  // Before the interface was lost, Patroni may have said something else.
  turn.set({ distrustBeforeMs: turn.nowMs });
  if (present) {
    pinHere(turn);
    turn.enter({ kind: "starting", untilMs, adopted: true }, "adopted", "the VIP is on the interface already");
  } else {
    standBy(turn, "not-present", "the interface is ready, the VIP is not on it");
  }
}

/** What is held is put in again with the new settings, which changes it in place. */
function noteSettings(turn: Turn): void {
  const { priority } = turn.settings;
  if (turn.state.phase.kind === "holder") withHold(turn, (hold) => ({ ...hold, priority }));
  withHold(turn, (hold) => ({ ...hold, restoreAtMs: turn.nowMs }));
}

function loseInterface(turn: Turn, text: string): void {
  if (turn.state.phase.kind === "holder" || turn.state.phase.kind === "lameDuck") letGo(turn);
  turn.enter({ kind: "fault", fault: { kind: "link", text }, retryAtMs: Infinity }, "link-down", text);
  turn.set({ speakers: {} });
}

function noteAnswer(turn: Turn, event: GroupEvent & { kind: "patroniAnswered" }): void {
  const { polling, view } = turn.state;
  if (event.question === polling.patient) {
    turn.poll({ patient: null, lastAskedAtMs: Math.max(polling.lastAskedAtMs, event.sentAtMs) });
  } else {
    turn.poll({ inFlight: polling.inFlight.filter((question) => question !== event.question) });
    // It may have been sent for another group, before this one asked: the next one is due that much earlier.
    if (event.question === polling.lastQuestion) turn.poll({ lastAskedAtMs: event.sentAtMs });
  }
  // An answer to an older question than the last one used says nothing new.
  if (view !== null && event.sentAtMs < view.sentAtMs) return;
  const { sentAtMs, answeredAtMs, observation } = event;
  if (observation.kind === "answered") {
    turn.set({ dcsTold: dcsToldBy(turn.state.dcsTold, observation, answeredAtMs) });
  }
  const verdict = judged(turn, observation);
  const next = { verdict, sentAtMs, answeredAtMs, observation };
  const silentSinceMs = verdict.kind === "silent" ? (turn.state.silentSinceMs ?? sentAtMs) : null;
  turn.set({ view: next, silentSinceMs });
  // A Patroni that has not seen its DCS yet knows nothing of maintenance mode.
  if (observation.kind === "answered" && observation.dcsSeenAtMs !== null) {
    turn.set({ clusterPaused: observation.status.pause });
  }
  if (observation.kind === "answered") sendProbe(turn);
  if (leads(verdict)) turn.set({ rightUntilMs: rightUntil(next, turn.state, turn.settings.timing) });
  if (verdict.kind === "promoting") turn.disturb();
}

/** What ended without the lock was no promotion: PostgreSQL was stopped, or restarted. */
function noteRecovery(turn: Turn, recovery: "watched" | "over"): void {
  const { phase } = turn.state;
  if (phase.kind === "standby" && phase.lockSinceMs !== null) turn.set({ phase: { ...phase, recovery } });
}

function judged(turn: Turn, observation: Observation): Verdict {
  if (turn.settings.election !== null) return judgeCandidate(observation);
  return turn.nowMs >= outlivedAtMs(observation, turn.state) ? outlived : judge(observation);
}

function noteAdvert(turn: Turn, event: GroupEvent & { kind: "advertReceived" }): void {
  const { from, priority, vips } = event;
  if (!vips.some((vip) => turn.settings.vips.includes(vip))) {
    turn.count("foreignAdverts");
    turn.remind("router-id-foreign", `${from} uses our virtual router ID for ${vips.join(", ")}`);
    return;
  }
  compare(turn, event);
  turn.set({ speakers: heard(turn.state.speakers, event, turn.settings.timing, turn.nowMs) });
  noteRival(turn, event);
  if (priority <= LAME_DUCK_PRIORITY) turn.disturb();
  if (priority === 0) {
    // A neighbour that asked in the overlap may have learnt the old holder's answer last.
    if (holds(turn.state.phase)) turn.announceSoon();
    assertHolding(turn);
  } else if (priority > LAME_DUCK_PRIORITY) {
    if (turn.state.phase.kind === "standby" && turn.state.view?.verdict.kind !== "promoting")
      turn.poll({ disturbedAtMs: null });
    noteClaim(turn, from);
    expectMore(turn, event);
  }
}

/** A peer that is configured otherwise is listened to all the same: it may have the VIP (RFC 9568 section 7.1). */
function compare(turn: Turn, { from, intervalMs, vips }: GroupEvent & { kind: "advertReceived" }): void {
  const isIpv6 = (vip: string): boolean => vip.includes(":");
  // An advert speaks for one family; the other one has its own.
  const ours = turn.settings.vips.filter((vip) => isIpv6(vip) === vips.some(isIpv6));
  if (ours.length !== vips.length || !ours.every((vip) => vips.includes(vip))) {
    turn.remind("vips-differ", `${from} has the VIPs ${vips.join(", ")}; this node has ${ours.join(", ")}`);
  }
  const { advertIntervalMs } = turn.settings.timing;
  if (intervalMs !== advertIntervalMs) {
    const text = `${from} sends adverts each ${String(intervalMs)} ms; this node each ${String(advertIntervalMs)} ms`;
    turn.remind("interval-differs", text);
  }
}

/** Somebody else says that the VIP is there. A node that has it asks Patroni before it believes or defends anything. */
function noteClaim(turn: Turn, from: string): void {
  if (!holds(turn.state.phase)) return;
  const { hold } = turn.state.phase;
  if (hold.claim !== null) return;
  const { lastAskedAtMs, urgentAtMs } = turn.state.polling;
  turn.poll({ urgentAtMs: Math.min(urgentAtMs, Math.max(turn.nowMs, lastAskedAtMs + CLAIM_INTERVAL_MS)) });
  withHold(turn, (same) => ({ ...same, claim: { from, heardAtMs: turn.nowMs } }));
}

/** Our clock stood still, the DCS lease did not: what was to end later ends that much earlier, maybe now. */
function noteSuspended(turn: Turn, forMs: number): void {
  turn.poll({ urgentAtMs: turn.nowMs });
  turn.alarm("suspended", `this machine stood still for ${String(Math.round(forMs))} ms`);
  const { phase, rightUntilMs, dcsTold } = turn.state;
  turn.set({ distrustBeforeMs: turn.nowMs, rightUntilMs: rightUntilMs - forMs });
  if (dcsTold !== null) turn.set({ dcsTold: { ...dcsTold, sinceMs: dcsTold.sinceMs - forMs } });
  if (phase.kind !== "lameDuck" || phase.bounds.accepts === undefined) return;
  turn.set({ phase: { ...phase, bounds: { ...phase.bounds, accepts: phase.bounds.accepts - forMs } } });
}

function noteAddressGone(turn: Turn, vip: string, atMs: number): void {
  const { phase } = turn.state;
  if (!holds(phase)) return;
  const { addressAtMs, restoreAtMs } = phase.hold;
  // An echo of an earlier deletion, of the take-over that is under way, or of one more address of the same deletion.
  if (addressAtMs === null || atMs <= addressAtMs || restoreAtMs !== null) return;
  if (phase.kind === "lameDuck" && duckDeadlineOf(phase.bounds) !== Infinity) {
    release(turn, "address-deleted", `${vip} was removed from the interface while waiting for a successor`);
    return;
  }
  turn.count("addressesRestored");
  turn.alarm("address-deleted", `somebody removed ${vip} from the interface: putting it back`);
  withHold(turn, (hold) => ({ ...hold, restoreAtMs: Math.max(turn.nowMs, addressAtMs + RESTORE_INTERVAL_MS) }));
}

function noteAddressAppeared(turn: Turn, vip: string): void {
  const { kind } = turn.state.phase;
  if (kind !== "standby" && kind !== "fault") return;
  turn.alarm("address-foreign", `somebody put ${vip} on the interface although this node may not have it: removing it`);
  turn.effect({ kind: "removeLeftover" });
}

/** Without a kernel lease nothing else would ever take the address away, and with one not before its lifetime is over. */
function noteRemovalFailed(turn: Turn, text: string): void {
  if (holds(turn.state.phase)) return;
  turn.remind("address-stuck", `the VIP may still be on the interface: ${text}; trying again each second`);
  turn.set({ removeAtMs: turn.nowMs + FAULT_RETRY_MS });
}

/** The network has let go by itself, or must have. */
export function endLease(turn: Turn): void {
  if (!holds(turn.state.phase)) return;
  turn.count("leasesEnded");
  turn.alarm("lease-ended", "the agent stood still longer than its lease: the VIP was released without it");
  // Start over from "ask Patroni first": what was known before the stall may be long past.
  turn.silence();
  standBy(turn, "lease-ended", "the lease ended");
}

function failAddress(turn: Turn, errno: string, text: string): void {
  if (!holds(turn.state.phase)) return;
  const retryAtMs = turn.nowMs + FAULT_RETRY_MS;
  // Whoever may not add the address may not remove it either: what the network undid may still be there.
  turn.set({ removeAtMs: retryAtMs });
  turn.enter({ kind: "fault", fault: { kind: "address", errno, text }, retryAtMs }, "address-refused", text);
}

function stop(turn: Turn, policy: "release" | "keep"): void {
  const { phase } = turn.state;
  const held = holds(phase) || (phase.kind === "starting" && phase.adopted);
  if (policy === "release" && phase.kind === "starting" && phase.adopted) turn.effect({ kind: "removeLeftover" });
  if (policy === "release" && holds(phase)) letGo(turn);
  if (policy === "keep" && holds(phase)) turn.effect({ kind: "abandon" });
  const text = held
    ? policy === "release"
      ? "the agent stops and releases the VIP"
      : "the agent stops and leaves the VIP to the kernel lease"
    : "the agent stops; it does not hold the VIP";
  turn.enter({ kind: "stopped" }, policy === "release" ? "stop-release" : "stop-keep", text);
}
