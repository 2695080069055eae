/**
 * Whether a stranger has the VIP, asked before this node takes it for the first time (RFC 5227 section 2.1.1, RFC 4862
 * section 5.4.2 for IPv6): one probe, sent with Patroni's first answer.
 *
 * It never stands in the way of a fail-over: only in its first moments has an agent to wait for what comes back, and not even
 * then when it knows who has the VIP. And it does not forbid anything, because whoever has the VIP without the leader lock
 * is wrong: an address given twice, or a VIP manager that died and left it. A person has to know which.
 */
import { someoneAnswers } from "./speakers.js";
import type { Turn } from "./turn.js";
import type { GroupState, Probe } from "./types.js";

/** Linux answers a probe within 0.1 ms; the rest is for networks and equipment that are slower. */
const ANSWER_MS = 50;

export const unprobed: Probe = { sentAtMs: null, answer: null };

/** Sends the probe if it is owed: by a standby that has never had the VIP. */
export function sendProbe(turn: Turn): void {
  const { phase, probe, counters } = turn.state;
  if (phase.kind !== "standby" || probe.sentAtMs !== null || counters.takeOvers > 0) return;
  turn.set({ probe: { sentAtMs: turn.nowMs, answer: null } });
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

/** Tells of a stranger when the VIP is taken for the first time. Whoever sends adverts is no stranger. */
export function tellStranger(turn: Turn): void {
  const { answer } = turn.state.probe;
  if (answer === null || turn.state.counters.takeOvers > 0 || someoneAnswers(turn.state.speakers)) return;
  const who = `${answer.mac} answers for ${answer.vip} and sends no adverts`;
  turn.alarm("address-in-use", `${who}: the address is given twice, or another VIP manager has left it there`);
}

function answeredByMs({ sentAtMs }: Probe): number {
  return sentAtMs === null ? -Infinity : sentAtMs + ANSWER_MS;
}
