/** What a watch is about in words, and what of it is new. Pure. */
import { unreachable } from "../../assert.js";
import type { Verdict } from "../../core/verdict.js";
import type { GroupStatus } from "../../status.js";
import type { MemberView, WatchView } from "./view.js";

/** Short: they stand in a table. */
export function memberText({ verdict }: MemberView): string {
  if (verdict === null) return "being asked";
  switch (verdict.kind) {
    case "writable":
      return "leader, takes writes";
    case "promoting":
      return "leader, being promoted";
    case "recovering":
    case "ending":
      return `leader, ${verdict.state}`;
    case "notLeader":
      return NOT_LEADER[verdict.postgres];
    case "eligible":
      return verdict.role;
    case "ineligible":
      return `${verdict.role}, ${verdict.state}`;
    case "silent":
      return `no answer (${verdict.reason})`;
    default:
      return unreachable(verdict);
  }
}

const NOT_LEADER: Readonly<Record<Extract<Verdict, { kind: "notLeader" }>["postgres"], string>> = {
  replica: "replica",
  down: "PostgreSQL is down",
  writable: "no leader, but takes writes",
};

/** Who has the VIP, as far as the agent here knows. */
export function placeText({ holder }: GroupStatus): string {
  if (holder === null) return "nobody announces the VIP";
  const name = holder.name ?? holder.address;
  return `the VIP is on ${holder.self ? "this node" : name}`;
}

/** What is worth telling when it changes, by what it is about. */
export function subjectsOf({ agent, cluster, ping }: WatchView): ReadonlyMap<string, string> {
  const told = new Map<string, string>();
  if (agent.kind === "silent") told.set("agent", agent.why);
  if (agent.kind === "answered") {
    told.set("agent", `answers, version ${agent.status.agent.version}, process ${String(agent.status.agent.pid)}`);
    for (const group of agent.status.groups) {
      told.set(group.name, `${group.state}; ${placeText(group)}; ${group.patroni.text}`);
      for (const { code, text } of group.alarms) told.set(`${group.name} ALARM ${code}`, text);
    }
  }
  if (cluster.kind === "unknown") told.set("cluster", cluster.why);
  if (cluster.kind === "known") {
    told.set("cluster", cluster.paused ? "PAUSED (maintenance mode)" : "followed");
    for (const member of cluster.members) told.set(member.name, memberText(member));
  }
  if (ping.kind === "off") told.set("ping", ping.why);
  return told;
}

/** One line for each subject that is new, says something else, or is gone. */
export function changesOf(before: ReadonlyMap<string, string>, now: ReadonlyMap<string, string>): readonly string[] {
  const news = [...now].filter(([subject, text]) => before.get(subject) !== text);
  const gone = [...before.keys()].filter((subject) => !now.has(subject));
  return [...news.map(([subject, text]) => `${subject}: ${text}`), ...gone.map((subject) => `${subject}: no more`)];
}
