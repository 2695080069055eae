/** A drill for people: the timeline, and what it came to. */
import type { DrillResult } from "./drill.js";
import { msText } from "./ping.js";

export function drillText(result: DrillResult): string {
  const { vip, from, to, events, probes, writableMs, servedMs, ownShareMs } = result;
  return [
    `${vip}: from ${from} to ${to}, ${result.startedAt}`,
    "",
    ...events.map(({ atMs, actor, text }) => `${stamp(atMs)}  ${actor.padEnd(8)} ${text}`),
    "",
    ...probes.map(
      ({ name, longestSilenceMs, refused, failed }) =>
        `${name}: longest silence ${msText(longestSilenceMs)}, ${String(refused)} refused, ${String(failed)} failed`,
    ),
    `the new leader took writes at    ${writableMs === null ? "?" : stamp(writableMs)}`,
    `a client got through the VIP at  ${servedMs === null ? "?" : stamp(servedMs)}`,
    `the VIP's own share of the outage: ${ownShareMs === null ? "not known" : msText(ownShareMs)}`,
  ].join("\n");
}

function stamp(ms: number): string {
  return `${ms < 0 ? "" : "+"}${ms.toFixed(0)} ms`.padStart(10);
}
