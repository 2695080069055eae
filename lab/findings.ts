/** What the records of a probe say about a span of time. Pure. */
import type { ProbeRecord, WriteRecord } from "./probe/records.js";
import { type Span, spansOf } from "./spans.js";

export interface Findings {
  readonly echoes: {
    readonly sent: number;
    readonly lost: number;
    /** Longest time in which no answer arrived; at rest about one interval. */
    readonly longestSilenceMs: number;
  };
  readonly connects: {
    readonly connected: number;
    readonly refused: number;
    readonly failed: number;
    /** Slowest `connect()` that succeeded, those of the writes included. */
    readonly slowestMs: number;
  };
  /** Through the VIP. */
  readonly writes: {
    readonly written: number;
    readonly readOnly: number;
    readonly refused: number;
    readonly failed: number;
    /** Longest time between two successes. */
    readonly longestGapMs: number;
  };
  /** Sessions through the VIP that were open when it happened. */
  readonly sessions: {
    readonly cut: number;
    readonly hung: number;
    /** Longest time that a client waited for the answer to a statement, or for the news that there will be none. */
    readonly longestWaitMs: number;
  };
}

/** Echoes, connections and writes that began inside the span; statements that ended in it. */
export function findings(records: readonly ProbeRecord[], span: Span): Findings {
  const inside = (atMs: number): boolean => atMs >= span.fromMs && atMs <= span.toMs;
  const echoes = ofKind(records, "echo").filter(({ sentMs }) => inside(sentMs));
  const connects = ofKind(records, "connect").filter(({ startedMs }) => inside(startedMs));
  const writes = ofKind(records, "write")
    .filter(({ target, session }) => target === "vip" && session === "new")
    .filter(({ startedMs }) => inside(startedMs));
  const statements = ofKind(records, "statement").filter(({ endedMs }) => inside(endedMs));
  const ended = (outcome: WriteRecord["outcome"]): WriteRecord[] => writes.filter((write) => write.outcome === outcome);
  const connected = connects.filter(({ outcome }) => outcome === "connected");
  return {
    echoes: {
      sent: echoes.length,
      lost: echoes.filter(({ answeredMs }) => answeredMs === null).length,
      longestSilenceMs: longestGap(answerInstants(records), span),
    },
    connects: {
      connected: connected.length,
      refused: connects.filter(({ outcome }) => outcome === "refused").length,
      failed: connects.filter(({ outcome }) => outcome === "failed").length,
      slowestMs: longest([
        ...connected,
        ...writes.flatMap(({ startedMs, connectedMs }) =>
          connectedMs === null ? [] : [{ startedMs, endedMs: connectedMs }],
        ),
      ]),
    },
    writes: {
      written: ended("written").length,
      readOnly: ended("readOnly").length,
      refused: ended("refused").length,
      failed: ended("failed").length,
      longestGapMs: longestGap(
        ended("written").map(({ endedMs }) => endedMs),
        span,
      ),
    },
    sessions: {
      cut: statements.filter(({ outcome }) => outcome === "cut").length,
      hung: statements.filter(({ outcome }) => outcome === "hung").length,
      longestWaitMs: longest(statements),
    },
  };
}

/** The VIP manager's own share of a fail-over, as a client feels it. */
export interface AddedOutage {
  /** When the primary first took a write on its own address after the outage. */
  readonly possibleMs: number;
  /** When a client of the VIP first reached it. */
  readonly throughVipMs: number;
  /** The difference. The two are probed apart: a few milliseconds either way are the probe's own error. */
  readonly addedMs: number;
}

/**
 * `primary`: who leads in the end, be it another node than before or the same. `null` when it took writes on its own
 * address all the time, and while one of the two writes has not happened.
 *
 * Both sides leave out what a new connection costs the server (fork, log-in, first statement: 8 ms at rest, far more under
 * load), since that is none of the VIP's: on a session that was open already, the first write counts when it is taken;
 * over a new connection, when TCP is connected with the server that takes it.
 */
export function addedOutage(records: readonly ProbeRecord[], breakMs: number, primary: string): AddedOutage | null {
  const writes = ofKind(records, "write").filter(({ startedMs }) => startedMs >= breakMs);
  const failures = writes.filter(({ target, outcome }) => target === primary && outcome !== "written");
  const outageMs = failures.reduce((first, { startedMs }) => Math.min(first, startedMs), Infinity);
  const taken = writes.filter(
    ({ outcome, node, startedMs }) => outcome === "written" && node === primary && startedMs >= outageMs,
  );
  const possibleMs = firstServedMs(
    taken.filter(({ target }) => target === primary),
    -Infinity,
  );
  if (possibleMs === null) return null;
  const throughVipMs = firstServedMs(
    taken.filter(({ target }) => target === "vip"),
    possibleMs,
  );
  if (throughVipMs === null) return null;
  return { possibleMs, throughVipMs, addedMs: throughVipMs - possibleMs };
}

/** A connection that was there before `possibleMs` waited for the server, not for the VIP. */
function firstServedMs(writes: readonly WriteRecord[], possibleMs: number): number | null {
  const [first] = [...writes].sort((a, b) => a.endedMs - b.endedMs);
  if (first === undefined) return null;
  if (first.session === "open") return first.endedMs;
  return first.connectedMs === null ? null : Math.max(first.connectedMs, possibleMs);
}

/** When the node first answered an echo for the VIP after the break; `null`: it did not. */
export function firstEchoFrom(records: readonly ProbeRecord[], breakMs: number, node: string): number | null {
  const instants = answers(records)
    .filter((echo) => echo.node === node && echo.sentMs >= breakMs)
    .map(({ answeredMs }) => answeredMs);
  return instants.reduce((first, atMs) => (first === null || (atMs !== null && atMs < first) ? atMs : first), null);
}

/** When each node's Patroni said that it has the leader lock (`GET /primary` is 200). */
export function leaderSpans(records: readonly ProbeRecord[]): ReadonlyMap<string, readonly Span[]> {
  const said = ofKind(records, "patroni");
  const nodes = [...new Set(said.map(({ node }) => node))];
  const changesOf = (name: string) =>
    said
      .filter(({ node }) => node === name)
      // A role is had for certain when the answer is there, and is no longer certain once the question is asked.
      .map(({ status, askedMs, answeredMs }) =>
        status === 200 ? { atMs: answeredMs, holds: true } : { atMs: askedMs, holds: false },
      );
  return new Map(nodes.map((name) => [name, spansOf(changesOf(name))]));
}

function ofKind<K extends ProbeRecord["kind"]>(records: readonly ProbeRecord[], kind: K) {
  return records.filter((record): record is Extract<ProbeRecord, { kind: K }> => record.kind === kind);
}

/** A late answer is an answer: the address is no longer silent. */
function answers(records: readonly ProbeRecord[]) {
  return records.filter((record) => record.kind === "echo" || record.kind === "lateEcho");
}

function answerInstants(records: readonly ProbeRecord[]): number[] {
  return answers(records)
    .map(({ answeredMs }) => answeredMs)
    .filter((answeredMs) => answeredMs !== null);
}

function longest(things: readonly { readonly startedMs: number; readonly endedMs: number }[]): number {
  return things.reduce((most, { startedMs, endedMs }) => Math.max(most, endedMs - startedMs), 0);
}

function longestGap(instants: readonly number[], { fromMs, toMs }: Span): number {
  const inside = instants.filter((atMs) => atMs > fromMs && atMs < toMs).sort((a, b) => a - b);
  let [longest, previous] = [0, fromMs];
  for (const atMs of [...inside, toMs]) {
    longest = Math.max(longest, atMs - previous);
    previous = atMs;
  }
  return longest;
}
