/**
 * Whether a stranger has the VIP, asked before this node takes it for the first time (RFC 5227 section 2.1.1, RFC 4862
 * section 5.4.2 for IPv6): one probe, sent with Patroni's first answer.
 *
 * It never stands in the way of a fail-over: only in its first moments has an agent to wait for what comes back, and not even
 * then when it knows who has the VIP. And it does not forbid anything, because whoever has the VIP without the leader lock
 * is wrong. Whoever still answers a second probe, when a VRRP router would have given way, is a claim like any other.
 */
import { someoneAnswers } from "./speakers.js";
import type { Turn } from "./turn.js";
import type { GroupState, Probe } from "./types.js";

/** Linux answers a probe within 0.1 ms; the rest is for networks and equipment that are slower. */
const ANSWER_MS = 50;
/** Time for the other one to hear that it has the VIP no longer, and to let go. */
const AGAIN_MS = 1_000;

export const unprobed: Probe = { sentAtMs: null, answer: null, againAtMs: Infinity };

/** Sends the probe if it is owed: by a standby that has never had the VIP. */
export function sendProbe(turn: Turn): void {
  const { phase, probe, counters } = turn.state;
  if (phase.kind !== "standby" || probe.sentAtMs !== null || counters.takeOvers > 0) return;
  turn.set({ probe: { ...probe, sentAtMs: turn.nowMs } });
  turn.effect({ kind: "probe" });
}

/** Somebody says to have the VIP while this node has not: an answer, if it comes in time. */
export function noteProbeAnswer(turn: Turn, vip: string, mac: string): void {
  const { probe } = turn.state;
  if (turn.nowMs >= answeredByMs(probe) || probe.answer !== null) return;
  turn.set({ probe: { ...probe, answer: { vip, mac } } });
}

/** Until when a take has to wait for answers; -Infinity when it has not. */
export function probeOverMs({ probe, speakers }: GroupState): number {
  return probe.answer !== null || someoneAnswers(speakers) ? -Infinity : answeredByMs(probe);
}

/** The VIP is taken: whoever answered the probe will be asked again. */
export function heedAnswer(turn: Turn): void {
  const { probe, counters, speakers } = turn.state;
  if (probe.answer === null || counters.takeOvers > 0 || someoneAnswers(speakers)) return;
  const { mac, vip } = probe.answer;
  turn.notice("address-in-use", `${mac} answers for ${vip}: the VIP is taken all the same, as Patroni says`);
  turn.set({ probe: { ...probe, againAtMs: turn.nowMs + AGAIN_MS } });
}

/** The second probe, when it is due. Its answers are claims, which Patroni decides. */
export function probeAgain(turn: Turn): void {
  const { probe } = turn.state;
  if (turn.nowMs < probe.againAtMs) return;
  turn.set({ probe: { ...probe, againAtMs: Infinity } });
  turn.effect({ kind: "probe" });
}

function answeredByMs({ sentAtMs }: Probe): number {
  return sentAtMs === null ? -Infinity : sentAtMs + ANSWER_MS;
}
