/** All checks of `pgvip doctor`, in the order in which they are told: each a function of the evidence. */
import { duplicateAddress, agents, foreignRouterId, packets } from "./checks/segment.js";
import { peerClocks } from "./checks/clocks.js";
import { peers, rules, seenDropping } from "./checks/firewall.js";
import { networkManagers, otherAgents } from "./checks/managers.js";
import { clock, health, members, reachable, release, timing } from "./checks/patroni.js";
import { interfaces } from "./checks/place.js";
import { container, machine, virtualMac } from "./checks/platform.js";
import { addon, capabilities, rawSocket } from "./checks/process.js";
import { sysctls } from "./checks/sysctls.js";
import type { Evidence, PatroniEvidence } from "./evidence.js";
import type { Finding, Said } from "./finding.js";

type Check = (evidence: Evidence) => readonly Said[];
type ClusterCheck = (patroni: PatroniEvidence, evidence: Evidence) => readonly Said[];

/** With several clusters each finding says which it is about. */
function ofEach(check: ClusterCheck): Check {
  return (evidence) =>
    evidence.clusters.flatMap((patroni) => {
      const name = evidence.clusters.length > 1 ? `${patroni.followed.name ?? "patroni"}: ` : "";
      return check(patroni, evidence).map((said) => ({ ...said, what: name + said.what }));
    });
}

const CHECKS: readonly (readonly [name: string, check: Check])[] = [
  ["capabilities", capabilities],
  ["addon", addon],
  ["raw-socket", rawSocket],
  ["machine", machine],
  ["container", container],
  ["virtual-mac", virtualMac],
  ["interface", interfaces],
  ["sysctls", sysctls],
  ["network-manager", networkManagers],
  ["other-vip-managers", otherAgents],
  ["patroni", ofEach(reachable)],
  ["patroni-release", ofEach(release)],
  ["patroni-timing", ofEach(timing)],
  ["patroni-health", ofEach(health)],
  ["members", ofEach(members)],
  ["clock", ofEach(clock)],
  ["peer-clocks", peerClocks],
  ["duplicate-address", duplicateAddress],
  ["router-id", foreignRouterId],
  ["adverts", agents],
  ["packets", packets],
  ["firewall", rules],
  ["firewall-seen", seenDropping],
  ["peers", peers],
];

export function examine(evidence: Evidence): readonly Finding[] {
  return CHECKS.flatMap(([check, run]) => run(evidence).map((said) => ({ ...said, check })));
}
