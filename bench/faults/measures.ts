/** What is measured of each fault: one table of the measures, with how to read each from what was seen. Pure. */
import type { WriteRecord } from "../../lab/probe/records.js";
import type { ProbeRecord } from "../../lab/probe/records.js";
import { leaderSpans } from "../../lab/findings.js";
import { intersect, type Span, spansOf, subtract, totalMs, union, within } from "../../lab/spans.js";
import type { Outcome } from "../../lab/stage.js";
import type { WireEvent } from "../capture.js";
import { holdings } from "../measures.js";
import type { MarkName } from "./fault.js";

export interface Seen {
  readonly outcome: Outcome;
  /** Who led, and the other node. */
  readonly leader: string;
  readonly other: string;
  readonly hostKilled: boolean;
  readonly marks: ReadonlyMap<MarkName, number>;
  /** What each node wrote to its own PostgreSQL: a partition hides that from everybody else. */
  readonly localWrites: ReadonlyMap<string, readonly ProbeRecord[]>;
  /** From the end of it all, with a healthy cluster, until a client could write through the VIP again. */
  readonly usable: Value;
  /** When the client that waited on an open session learnt that it is over; `null`: it still waits. */
  readonly waitEndedMs: number | null;
  /** Announcements and adverts, as a client hears them, and the leader's hardware address. */
  readonly wire: readonly WireEvent[];
  readonly leaderMac: string;
}

/** What tells who led when. */
type Succession = Pick<Seen, "leader" | "other" | "marks"> & {
  readonly outcome: Pick<Outcome, "records" | "breakMs" | "leader">;
};

/** `never`: it had not happened when the measurement ended. `null`: the fault gave no occasion. */
export type Value = number | "never" | null;

interface Measure {
  readonly title: string;
  readonly unit: "ms" | "count";
  readonly of: (seen: Seen) => Value;
}

/** After a take the new holder's announcement has to reach the client, and an echo under way has to come back. */
const announceMs = 50;
/** Sooner than this no client gives up. */
const restoreMs = 200;

const table = {
  several: {
    title: "time with two holders",
    unit: "ms",
    of: (seen) => {
      const perHost = [...heldBy(seen).values()];
      return totalMs(perHost.flat()) - totalMs(union(perHost.flat()));
    },
  },
  bothWritable: {
    title: "time with two holders, each with a PostgreSQL that takes writes",
    unit: "ms",
    of: (seen) => {
      const perHost = [...heldBy(seen)].map(([host, spans]) => union(intersect(spans, writableSpans(seen, host))));
      return totalMs(perHost.flat()) - totalMs(union(perHost.flat()));
    },
  },
  stale: {
    title: "time that a node had the VIP while Patroni on another, and not on itself, said that it has the leader lock",
    unit: "ms",
    of: (seen) => {
      const leading = leaderSpans(seen.outcome.records);
      const perHost = [...heldBy(seen)].map(([host, spans]) => {
        const others = union([...leading].filter(([name]) => name !== host).flatMap(([, led]) => led));
        return totalMs(subtract(intersect(spans, others), leading.get(host) ?? []));
      });
      return perHost.reduce((sum, ms) => sum + ms, 0);
    },
  },
  vacant: {
    title: "time without a holder while Patroni had a leader",
    unit: "ms",
    of: (seen) => {
      const led = within(union([...leaderSpans(seen.outcome.records).values()].flat()), spanOf(seen));
      return totalMs(subtract(led, union([...heldBy(seen).values()].flat())));
    },
  },
  gone: {
    title: "from the fault until the VIP was gone from the node that had led",
    unit: "ms",
    of: (seen) => {
      if (seen.hostKilled) return null;
      const atMs = goneMs(seen);
      return atMs === null ? "never" : atMs - seen.outcome.breakMs;
    },
  },
  back: {
    title: "from the end of the fault until the leader alone had the VIP",
    unit: "ms",
    of: (seen) => {
      const endedMs = seen.marks.get("mended");
      if (endedMs === undefined) return null;
      const alone = [...heldBy(seen)].reduce<readonly Span[]>(
        (spans, [host, held]) => (host === seen.outcome.leader ? spans : subtract(spans, held)),
        heldBy(seen).get(seen.outcome.leader) ?? [],
      );
      const last = alone.at(-1);
      // Only what lasts counts.
      if (last === undefined || last.toMs < seen.outcome.endMs) return "never";
      return Math.max(0, last.fromMs - endedMs);
    },
  },
  takes: {
    title: "how often a node took the VIP",
    unit: "count",
    of: ({ outcome }) =>
      outcome.changes.filter(({ atMs, has }) => has && atMs >= outcome.breakMs && atMs <= outcome.endMs).length,
  },
  added: {
    title: "what the VIP adds to the time without writes, when another node is promoted",
    unit: "ms",
    of: ({ outcome }) => outcome.outage?.addedMs ?? null,
  },
  lost: { title: "echoes lost, of one per 10 ms", unit: "count", of: ({ outcome }) => outcome.findings.echoes.lost },
  silence: {
    title: "longest time without an answer to an echo",
    unit: "ms",
    of: ({ outcome }) => outcome.findings.echoes.longestSilenceMs,
  },
  oldAnswers: {
    title: "echoes that the old node answered after another had taken the VIP",
    unit: "count",
    of: (seen) => {
      const takenMs = heldBy(seen)
        .get(seen.other)
        ?.find(({ fromMs }) => fromMs > seen.outcome.breakMs)?.fromMs;
      if (takenMs === undefined) return null;
      return seen.outcome.records.filter(
        (record) =>
          record.kind === "echo" &&
          record.node === seen.leader &&
          record.sentMs > takenMs + announceMs &&
          record.sentMs < seen.outcome.endMs,
      ).length;
    },
  },
  spoken: {
    title: "announcements, and adverts other than resignations, that the old node sent after it could go on",
    unit: "count",
    of: (seen) => {
      const sinceMs = seen.marks.get("thawed");
      if (sinceMs === undefined) return null;
      return seen.wire.filter(
        ({ atMs, sourceMac, priority }) => atMs >= sinceMs && sourceMac === seen.leaderMac && priority !== 0,
      ).length;
    },
  },
  cut: { title: "open sessions that were cut", unit: "count", of: ({ outcome }) => outcome.findings.sessions.cut },
  hung: {
    title: "open sessions without an answer for 5 s",
    unit: "count",
    of: ({ outcome }) => outcome.findings.sessions.hung,
  },
  rst: {
    title: "from the VIP's release until a client that waited on an open session knew",
    unit: "ms",
    of: (seen) => {
      const atMs = goneMs(seen);
      // An address that is back at once takes no session with it.
      if (atMs === null || seen.hostKilled || isBackAtOnce(seen, atMs)) return null;
      // Sockets are destroyed before the address is removed: what is known before is known in time.
      return seen.waitEndedMs === null ? "never" : Math.max(0, seen.waitEndedMs - atMs);
    },
  },
  usable: {
    title:
      "afterwards, with a healthy cluster again, until the leader alone had the VIP and a client could write through it",
    unit: "ms",
    of: ({ usable }) => usable,
  },
} as const satisfies Record<string, Measure>;

export type MeasureName = keyof typeof table;

export const measures: Readonly<Record<MeasureName, Measure>> = table;
export const measureNames = Object.keys(table) as readonly MeasureName[];

export type Values = Readonly<Record<MeasureName, Value>>;

export function measureAll(seen: Seen): Values {
  return Object.fromEntries(measureNames.map((name) => [name, measures[name].of(seen)])) as Values;
}

/**
 * A node that stood still has taken the lock back from its successor: then the VIP has to follow, and no bound of the fault
 * says anything. Patroni before 3.0.3 may do that on etcd 3, where its leader wrote its key without looking at it (its pull
 * request 2689).
 */
export function lockTakenBack({ outcome, leader, other, marks }: Succession): boolean {
  const succeeded = (leaderSpans(outcome.records).get(other) ?? []).some(({ toMs }) => toMs > outcome.breakMs);
  return marks.has("thawed") && succeeded && outcome.leader === leader;
}

function spanOf({ outcome: { breakMs, endMs } }: Seen): Span {
  return { fromMs: breakMs, toMs: endMs };
}

function heldBy(seen: Seen): ReadonlyMap<string, readonly Span[]> {
  const all = holdings(seen.outcome, seen);
  return new Map([...all].map(([host, spans]) => [host, within(spans, spanOf(seen))]));
}

function goneMs({ outcome, leader }: Seen): number | null {
  const { changes, breakMs, endMs } = outcome;
  const gone = changes.find(({ atMs, host, has }) => host === leader && !has && atMs >= breakMs && atMs <= endMs);
  return gone?.atMs ?? null;
}

function isBackAtOnce({ outcome, leader }: Seen, goneAtMs: number): boolean {
  return outcome.changes.some(
    ({ atMs, host, has }) => has && host === leader && atMs >= goneAtMs && atMs < goneAtMs + restoreMs,
  );
}

/** Written to from inside; in case of doubt longer than it was. */
function writableSpans({ localWrites, hostKilled, leader, outcome }: Seen, host: string): readonly Span[] {
  const writes = (localWrites.get(host) ?? []).filter((record): record is WriteRecord => record.kind === "write");
  const spans = spansOf(
    [...writes]
      .sort((a, b) => a.startedMs - b.startedMs)
      .map(({ startedMs, endedMs, outcome: how }) =>
        how === "written" ? { atMs: startedMs, holds: true } : { atMs: endedMs, holds: false },
      ),
  );
  return hostKilled && host === leader ? within(spans, { fromMs: -Infinity, toMs: outcome.breakMs }) : spans;
}
