/** What the records of a probe say about a span of time. Pure. */
import type { ProbeRecord, WriteRecord } from "./probe/records.js";

export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

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
    /** Slowest `connect()` that succeeded. */
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
}

/** Echoes, connections and writes that began inside the span. */
export function findings(records: readonly ProbeRecord[], span: Span): Findings {
  const inside = (atMs: number): boolean => atMs >= span.fromMs && atMs <= span.toMs;
  const echoes = records.filter((record) => record.kind === "echo").filter(({ sentMs }) => inside(sentMs));
  const connects = records.filter((record) => record.kind === "connect").filter(({ startedMs }) => inside(startedMs));
  const writes = vipWrites(records).filter(({ startedMs }) => inside(startedMs));
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
      slowestMs: Math.max(0, ...connected.map(({ startedMs, endedMs }) => endedMs - startedMs)),
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
  };
}

/** The VIP manager's own share of a fail-over, as a client feels it. */
export interface AddedOutage {
  /** First write that the new primary took on its own address. */
  readonly possibleMs: number;
  /** First write that it took through the VIP. */
  readonly throughVipMs: number;
  /** The difference; the two are probed apart, so a few milliseconds either way are noise. */
  readonly addedMs: number;
}

/** `null` while one of the two writes has not happened. */
export function addedOutage(records: readonly ProbeRecord[], breakMs: number, newPrimary: string): AddedOutage | null {
  const taken = records
    .filter((record) => record.kind === "write")
    .filter(({ outcome, node, endedMs }) => outcome === "written" && node === newPrimary && endedMs >= breakMs);
  const first = (writes: readonly WriteRecord[]): number => Math.min(...writes.map(({ endedMs }) => endedMs));
  const throughVipMs = first(taken.filter(({ target }) => target === "vip"));
  const possibleMs = first(taken.filter(({ target }) => target === newPrimary));
  if (!Number.isFinite(throughVipMs) || !Number.isFinite(possibleMs)) return null;
  return { possibleMs, throughVipMs, addedMs: throughVipMs - possibleMs };
}

function vipWrites(records: readonly ProbeRecord[]): WriteRecord[] {
  return records.filter((record) => record.kind === "write").filter(({ target }) => target === "vip");
}

/** A late answer is an answer: the address is no longer silent. */
function answerInstants(records: readonly ProbeRecord[]): number[] {
  return records
    .filter((record) => record.kind === "echo" || record.kind === "lateEcho")
    .map(({ answeredMs }) => answeredMs)
    .filter((answeredMs) => answeredMs !== null);
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
