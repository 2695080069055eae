/**
 * Writes as clients do: a new connection and one INSERT, so each attempt meets whoever has the address now. The VIP and
 * each node's own address are written to in exactly the same way: what the connection, the fork of a server process and
 * the statement cost is the same on both sides of a comparison and cancels out.
 *
 * Such an attempt costs a server several milliseconds of processor time, so a fast series of them would measure itself.
 * Attempts come fast only while they are cheap, which is while the target refuses or is silent. Once a server has
 * answered that it is read-only, that one session asks again and again instead, and as soon as it may write or breaks,
 * the next attempt is made at once. Intervals are random around their mean: two targets never keep step, so that the
 * error of their comparison has no sign.
 */
import { nowMs, sleep } from "../wait.js";
import type { Attention, Cadence, ProbeRecord, WriteRecord } from "./records.js";
import type { OpenSession, Session } from "./session.js";

/** Attempts that have not ended by then have failed. */
const timeoutMs = 2000;
/**
 * A connection that TCP has not made by then is given up: after a long silence the kernel would repeat hundreds of lost
 * SYNs, and the server that comes next would be busy with them. What a lost SYN costs is what connect.ts measures.
 */
const connectTimeoutMs = 100;
/** Only a guard. */
const mostPending = 200;
/** A target without a success for this long is failing, even if no attempt has ended yet. */
const silenceMs = 150;
/** As long as a server that has accepted a connection may take, before it no longer holds up the next attempt. */
const patienceMs = 100;

export interface WriteTarget {
  /** `vip`, or the name of the node. */
  readonly name: string;
  readonly address: string;
}

export class WriteProbe {
  readonly #open: OpenSession;
  readonly #target: WriteTarget;
  readonly #cadence: Cadence;
  readonly #attention: () => Attention;
  readonly #record: (record: ProbeRecord) => void;
  readonly #pending = new Set<Session>();
  #last: WriteRecord["outcome"] = "failed";
  #lastWrittenMs = -Infinity;
  /** A session with a server that was read-only the last time it was asked. */
  #sentinel: Session | null = null;

  constructor(
    open: OpenSession,
    target: WriteTarget,
    cadence: Cadence,
    attention: () => Attention,
    record: (record: ProbeRecord) => void,
  ) {
    this.#open = open;
    this.#target = target;
    this.#cadence = cadence;
    this.#attention = attention;
    this.#record = record;
  }

  async run(): Promise<never> {
    for (;;) {
      if (!this.#beingServed && this.#pending.size < mostPending) void this.#attempt();
      const hurry = this.#attention() === "close" && this.#sentinel === null && this.#failing;
      await jitteredSleep(hurry ? this.#cadence.closeMs : this.#cadence.calmMs);
    }
  }

  get #failing(): boolean {
    return this.#last !== "written" || nowMs() - this.#lastWrittenMs > silenceMs;
  }

  get #beingServed(): boolean {
    const sinceMs = nowMs() - patienceMs;
    return [...this.#pending].some(({ connectedMs }) => connectedMs !== null && connectedMs > sinceMs);
  }

  async #attempt(): Promise<void> {
    const session = this.#open(this.#target.address, timeoutMs);
    this.#pending.add(session);
    const startedMs = nowMs();
    const giveUp = setTimeout(() => {
      if (session.connectedMs === null) session.close();
    }, connectTimeoutMs);
    const result = await session.write();
    const endedMs = nowMs();
    clearTimeout(giveUp);
    this.#pending.delete(session);
    this.#last = result.outcome;
    if (result.outcome === "written") this.#lastWrittenMs = endedMs;
    this.#tell({ session: "new", startedMs, connectedMs: session.connectedMs, endedMs, ...result });
    if (result.outcome === "readOnly" && this.#sentinel === null && this.#attention() === "close") {
      await this.#watch(session);
    }
    session.close();
  }

  async #watch(session: Session): Promise<void> {
    this.#sentinel = session;
    while (this.#attention() === "close") {
      await jitteredSleep(this.#cadence.closeMs);
      const startedMs = nowMs();
      const result = await session.write();
      if (result.outcome === "readOnly") continue;
      const { connectedMs } = session;
      if (result.outcome === "written") {
        this.#tell({ session: "open", startedMs, connectedMs, endedMs: nowMs(), ...result });
      }
      void this.#attempt();
      break;
    }
    this.#sentinel = null;
  }

  #tell(write: Omit<WriteRecord, "kind" | "target">): void {
    this.#record({ kind: "write", target: this.#target.name, ...write });
  }
}

function jitteredSleep(meanMs: number): Promise<void> {
  return sleep(meanMs * (0.5 + Math.random()));
}
