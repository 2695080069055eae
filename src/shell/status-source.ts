/** Fills the status document from what the agent knows. Monotonic instants become wall-clock times only here. */
import type { GroupConfig } from "../config/config.js";
import { holds } from "../core/moves.js";
import type { GroupState } from "../core/types.js";
import { explain } from "../core/verdict.js";
import type { AlarmStatus, GroupStatus, StatusDocument } from "../status.js";
import { VERSION } from "../version.js";
import type { GroupRunner } from "./group-runner.js";
import type { Journal } from "./journal.js";
import { formatMac } from "../wire/addresses.js";
import { virtualLinksOf } from "./virtual-links.js";
import type { PeerNote } from "./peer-book.js";
import type { Instant } from "./replay-window.js";

export interface GroupSource {
  readonly runner: GroupRunner;
  readonly config: GroupConfig;
  readonly journal: Journal;
  /** Whether its maintenance outlives a restart. */
  readonly persistent: boolean;
}

/** What was heard on the wire beside what the groups know. */
export interface Heard {
  /** Packets that were not used, by reason. */
  readonly drops: Readonly<Record<string, number>>;
  peer(runner: GroupRunner, source: string): PeerNote | null;
  heardAtMs(runner: GroupRunner, source: string): number | null;
}

/** A Patroni that says nothing for this long is worth a look, even on a standby. */
const SILENT_ALARM_MS = 5_000;

/** Names of the cluster's members by address, as far as they are known. */
type Names = ReadonlyMap<string, string>;

export function statusOf<Source extends GroupSource>(
  groups: readonly Source[],
  heard: Heard,
  startedAt: Date,
  now: Instant,
  namesOf: (group: Source) => Names,
): StatusDocument {
  return {
    version: 1,
    agent: { pid: process.pid, version: VERSION, startedAt: startedAt.toISOString() },
    groups: groups.map((group) => groupOf(group, heard, now, namesOf(group))),
    drops: heard.drops,
  };
}

function groupOf(
  { runner, config, journal, persistent }: GroupSource,
  heard: Heard,
  now: Instant,
  names: Names,
): GroupStatus {
  const { state } = runner;
  const { lastTransition } = journal;
  return {
    name: runner.setup.name,
    cluster: config.cluster,
    role: config.role,
    vips: config.vips.map(({ address, prefixLength }) => `${address}/${String(prefixLength)}`),
    interface: runner.placement?.name ?? config.interface,
    virtualMacs: virtualLinksOf(config, 0).map(({ mac }) => formatMac(mac)),
    routerId: runner.routerId ?? config.routerId,
    state: state.phase.kind,
    since: wall(state.phaseSinceMs, now),
    reason: lastTransition?.text ?? "nothing has been decided yet",
    maintenance: maintenanceOf(state, persistent, now),
    holder: holderOf(runner, heard, now, names),
    patroni: patroniOf(state, now),
    peers: peersOf(runner, heard, now, names),
    alarms: alarmsOf(state, journal, now),
    counters: { ...state.counters },
    lastTransition:
      lastTransition === null
        ? null
        : {
            at: wall(lastTransition.decidedAtMs, now),
            from: lastTransition.from,
            to: lastTransition.to,
            reason: lastTransition.reason,
            text: lastTransition.text,
          },
  };
}

function maintenanceOf({ maintenance }: GroupState, persistent: boolean, now: Instant): GroupStatus["maintenance"] {
  if (maintenance.kind === "none") return null;
  const until = maintenance.untilMs === Infinity ? null : wall(maintenance.untilMs, now);
  return { mode: maintenance.kind, until, persistent };
}

function peersOf(runner: GroupRunner, heard: Heard, now: Instant, names: Names): GroupStatus["peers"] {
  return Object.entries(runner.state.speakers).map(([address, { priority, lastAtMs }]) => {
    const note = heard.peer(runner, address);
    const checksum = note?.checksum ?? null;
    return {
      address,
      name: names.get(address) ?? null,
      priority,
      lastAdvertAt: wall(heard.heardAtMs(runner, address) ?? lastAtMs, now),
      vrrpVersion: note?.version ?? null,
      checksum: checksum === null ? null : CHECKSUM_NAMES[checksum],
      advertIntervalMs: note?.intervalMs ?? null,
      adverts: note?.adverts ?? 0,
      keyId: note?.keyId ?? null,
      clockAheadMs: typeof note?.aheadMs === "number" ? Math.round(note.aheadMs) : null,
    };
  });
}

/** As the configuration calls them. */
const CHECKSUM_NAMES = { pseudoHeader: "pseudo-header", pduOnly: "pdu-only" } as const;

function holderOf(runner: GroupRunner, heard: Heard, now: Instant, names: Names): GroupStatus["holder"] {
  const { state, placement } = runner;
  if (holds(state.phase)) {
    const { priority } = state.phase.hold;
    const address = placement?.sources.ipv4 ?? placement?.sources.ipv6 ?? "";
    return { address, name: names.get(address) ?? null, self: true, priority, lastAdvertAt: null };
  }
  const [best] = Object.entries(state.speakers).sort(([, a], [, b]) => b.priority - a.priority);
  if (best === undefined) return null;
  const [address, { priority, lastAtMs }] = best;
  const lastAdvertAt = wall(heard.heardAtMs(runner, address) ?? lastAtMs, now);
  return { address, name: names.get(address) ?? null, self: false, priority, lastAdvertAt };
}

function patroniOf({ view }: GroupState, now: Instant): GroupStatus["patroni"] {
  const status = view?.observation.kind === "answered" ? view.observation.status : null;
  return {
    verdict: view?.verdict.kind ?? null,
    text: view === null ? "Patroni has not been asked yet" : explain(view.verdict),
    answeredAt: view === null ? null : wall(view.answeredAtMs, now),
    scope: status?.scope ?? null,
    member: status?.name ?? null,
    timeline: status?.timeline ?? null,
    paused: status?.pause ?? false,
  };
}

function alarmsOf(state: GroupState, journal: Journal, now: Instant): readonly AlarmStatus[] {
  const alarms: AlarmStatus[] = journal
    .alarms(now.monotonicMs)
    .map(({ reason, text, sinceMs }) => ({ code: reason, since: wall(sinceMs, now), text }));
  const { phase, view, silentSinceMs } = state;
  if (phase.kind === "fault") {
    const code = phase.fault.kind === "link" ? "link-down" : "address-refused";
    alarms.push({ code, since: wall(state.phaseSinceMs, now), text: phase.fault.text });
  }
  if (view !== null && silentSinceMs !== null && now.monotonicMs - silentSinceMs > SILENT_ALARM_MS) {
    alarms.push({ code: "patroni-silent", since: wall(silentSinceMs, now), text: explain(view.verdict) });
  }
  return alarms;
}

function wall(monotonicMs: number, now: Instant): string {
  return new Date(now.wallMs - (now.monotonicMs - monotonicMs)).toISOString();
}
