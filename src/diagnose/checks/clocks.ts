/** Whether the hosts of the cluster agree what time it is. */
import type { ClockEvidence, Evidence } from "../evidence.js";
import { type Said, passed, problem, skipped } from "../finding.js";

/** NTP keeps hosts within milliseconds; whole seconds apart is a clock that nobody keeps. */
const TOLERANCE_MS = 2000;
/** The resolution of HTTP's dates. */
const SECOND_MS = 1000;

export function peerClocks({ clocks }: Evidence): readonly Said[] {
  if (clocks.length === 0) return [skipped("Patroni named no other member to ask for its time")];
  return clocks.map(judge);
}

function judge({ name, outcome }: ClockEvidence): Said {
  if (outcome.kind === "silent") return skipped(`${name} did not tell its time: ${outcome.text}`);
  const aheadMs = leastDifference(outcome);
  if (Math.abs(aheadMs) <= TOLERANCE_MS) return passed(`the clock of ${name} agrees with this host's`);
  const seconds = `${String(Math.round(Math.abs(aheadMs) / 100) / 10)} s`;
  return problem("warning", `the clock of ${name} is ${seconds} ${aheadMs > 0 ? "ahead of" : "behind"} this host's`, {
    why: "signed adverts of that node are refused beyond auth_window, and its logs and history do not fit the others'",
    mend: "have the clocks kept by NTP (chrony, systemd-timesyncd) on every node",
  });
}

/** How far the other clock is ahead at least: it ticked within its second, at some moment of the exchange. */
function leastDifference({ dateMs, sentAtMs, receivedAtMs }: ClockEvidence["outcome"] & { kind: "told" }): number {
  const least = dateMs - receivedAtMs;
  const most = dateMs + SECOND_MS - sentAtMs;
  return least > 0 ? least : Math.min(0, most);
}
