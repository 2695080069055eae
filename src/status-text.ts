/** The status document for people, on one screen. */
import type { GroupStatus, StatusDocument } from "./status.js";

type Peer = GroupStatus["peers"][number];
/** Adverts with this priority come from a holder that is no longer eligible, and keeps the VIP until it is taken. */
const LAME_DUCK_PRIORITY = 1;

/** `nowMs`: wall clock, for "3 minutes ago". */
export function statusText(status: StatusDocument, nowMs: number): string {
  const { agent, groups, drops } = status;
  const dropped = Object.entries(drops).filter(([, count]) => count > 0);
  return [
    `pgvip ${agent.version}, process ${String(agent.pid)}, started ${ago(agent.startedAt, nowMs)}`,
    ...groups.flatMap((group) => ["", ...groupLines(group, nowMs)]),
    ...(dropped.length === 0 ? [] : ["", `dropped packets: ${countsText(dropped)}`]),
  ].join("\n");
}

/** Why the VIP is or is not here: what Patroni says of this node, and who has the VIP. */
export function reasonText(group: GroupStatus, nowMs: number): string {
  const { state, patroni, reason } = group;
  switch (state) {
    case "holder":
      return `holder: ${patroni.text}`;
    case "standby":
      return `standby: ${patroni.text}; ${whoHolds(group, nowMs)}`;
    case "lameDuck":
      return `keeps the VIP until another node takes it: ${patroni.text}`;
    default:
      return `${state}: ${reason}; ${whoHolds(group, nowMs)}`;
  }
}

/** Whether everything is in order: the VIP is held, or this node stands by, and nothing is to be looked at. */
export function isInOrder({ groups }: StatusDocument): boolean {
  return groups.every(({ state, alarms }) => alarms.length === 0 && state !== "fault" && state !== "lameDuck");
}

function groupLines(group: GroupStatus, nowMs: number): readonly string[] {
  const { patroni, lastTransition } = group;
  const counted = Object.entries(group.counters).filter(([, count]) => count > 0);
  return [
    `${group.vips.join(", ")}  ${headlineText(group)}, since ${ago(group.since, nowMs)}`,
    row("reason", reasonText(group, nowMs)),
    ...maintenanceLines(group),
    row("holder", holderText(group)),
    row("Patroni", `${patroni.text}${patroni.answeredAt === null ? "" : ` (${ago(patroni.answeredAt, nowMs)})`}`),
    ...(patroni.paused ? [row("", "the cluster is paused (maintenance mode)")] : []),
    row("cluster", clusterText(group)),
    row("network", networkText(group)),
    ...group.peers.map((peer) => row("peer", peerText(peer, nowMs))),
    ...(lastTransition === null ? [] : changeLines(lastTransition, nowMs)),
    ...(counted.length === 0 ? [] : [row("counters", countsText(counted))]),
    ...group.alarms.map(({ code, text, since }) => row("ALARM", `${text} (${code}, ${ago(since, nowMs)})`)),
  ];
}

function changeLines({ from, to, at, text }: NonNullable<GroupStatus["lastTransition"]>, nowMs: number): string[] {
  return [row("last change", `${from} -> ${to}, ${ago(at, nowMs)}: ${text}`)];
}

const HEADLINES: Readonly<Record<string, string>> = {
  starting: "starting",
  standby: "not here: standby",
  holder: "HERE: this node is the holder",
  lameDuck: "here until another node takes it",
  fault: "FAULT",
  stopped: "stopped",
};

/** Where the VIP is, seen from this node, in a few words. */
export function headlineText({ state }: GroupStatus): string {
  return HEADLINES[state] ?? state;
}

function maintenanceLines({ maintenance }: GroupStatus): readonly string[] {
  if (maintenance === null) return [];
  const { mode, until, persistent } = maintenance;
  const end = until === null ? "until pgvip resume" : `until ${until}`;
  return [row("maintenance", `${mode.toUpperCase()} ${end}${persistent ? ", also over a restart" : ""}`)];
}

function holderText({ holder }: GroupStatus): string {
  if (holder === null) return "not known";
  return `${holder.self ? "this node" : nameOf(holder)}, priority ${String(holder.priority)}`;
}

function whoHolds({ holder }: GroupStatus, nowMs: number): string {
  if (holder === null) return "nobody announces that it holds the VIP";
  if (holder.self) return "the VIP is on this node";
  const name = holder.name ?? holder.address;
  const how = holder.priority === LAME_DUCK_PRIORITY ? "keeps the VIP until it is taken" : "holds the VIP";
  return `${name} ${how}${holder.lastAdvertAt === null ? "" : `, last advert ${ago(holder.lastAdvertAt, nowMs)}`}`;
}

function nameOf({ name, address }: { readonly name: string | null; readonly address: string }): string {
  return name === null ? address : `${address} (${name})`;
}

function peerText(peer: Peer, nowMs: number): string {
  const { priority, lastAdvertAt, vrrpVersion, checksum, keyId } = peer;
  const version = vrrpVersion === null ? [] : [`VRRPv${String(vrrpVersion)}`];
  const form = checksum === null ? [] : [`checksum ${checksum}`];
  const signed = keyId === null ? [] : [`signed with key ${String(keyId)}`, ...clockTexts(peer)];
  const heard = `heard ${ago(lastAdvertAt, nowMs)}`;
  return [nameOf(peer), `priority ${String(priority)}`, ...version, ...form, ...signed, heard].join(", ");
}

/** What clocks that are kept by NTP never are. */
const NOTABLE_CLOCK_MS = 500;

function clockTexts({ clockAheadMs }: Peer): readonly string[] {
  if (clockAheadMs === null || Math.abs(clockAheadMs) < NOTABLE_CLOCK_MS) return [];
  const seconds = (Math.abs(clockAheadMs) / 1000).toFixed(1);
  return [`clock ${seconds} s ${clockAheadMs > 0 ? "ahead of" : "behind"} ours`];
}

function clusterText({ patroni, role, cluster }: GroupStatus): string {
  const parts = [
    `${cluster === null ? "" : `${cluster}: `}${patroni.scope ?? "not known yet"}`,
    ...(patroni.member === null ? [] : [`member ${patroni.member}`]),
    ...(patroni.timeline === null ? [] : [`timeline ${String(patroni.timeline)}`]),
  ];
  return `${parts.join(", ")}; the VIP follows the ${role}`;
}

function countsText(counts: readonly (readonly [string, number])[]): string {
  return counts.map(([name, count]) => `${name} ${String(count)}`).join(", ");
}

function row(name: string, text: string): string {
  return `  ${name.padEnd(12)} ${text}`;
}

const UNITS = [
  ["day", 86_400_000],
  ["hour", 3_600_000],
  ["minute", 60_000],
  ["second", 1000],
] as const;

/** `3 minutes ago`, in the largest unit that is there; below a second in milliseconds. */
export function ago(instant: string, nowMs: number): string {
  const elapsedMs = Math.max(0, nowMs - Date.parse(instant));
  const unit = UNITS.find(([, lengthMs]) => elapsedMs >= lengthMs);
  if (unit === undefined) return `${String(elapsedMs)} ms ago`;
  const [name, unitMs] = unit;
  const amount = Math.floor(elapsedMs / unitMs);
  return `${String(amount)} ${name}${amount === 1 ? "" : "s"} ago`;
}

function networkText({ interface: name, routerId, virtualMacs }: GroupStatus): string {
  const own = `${name ?? "no interface yet"}, router ID ${String(routerId ?? "not known yet")}`;
  return virtualMacs.length === 0 ? own : `${own}, virtual MAC ${virtualMacs.join(" and ")}`;
}
