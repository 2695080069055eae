/**
 * A drill: watches Patroni on every member, the wire and the VIP as a client does, while the leader changes, and puts what
 * happened on one timeline.
 */
import type { Config } from "../config/config.js";
import type { Member } from "../core/observation.js";
import { PgvipError } from "../errors.js";
import { openPatroni } from "../shell/patroni-http.js";
import { systemClock } from "../shell/system-clock.js";
import { judge, leads, type Verdict } from "../core/verdict.js";
import { claimOf, readFrame } from "./frames.js";
import { type ProbeResult, blackoutMs } from "./ping.js";
import { type Probe, every } from "./probes.js";
import { Tally } from "./tally.js";
import { WireWatch } from "./wire-watch.js";

export type Actor = "Patroni" | "VIP" | "ARP" | "client";

export interface DrillEvent {
  readonly atMs: number;
  readonly actor: Actor;
  readonly text: string;
}

export interface DrillResult {
  readonly version: 1;
  readonly vip: string;
  readonly from: string;
  readonly to: string;
  readonly startedAt: string;
  /** Milliseconds since the drill was asked for; negative ones were before. */
  readonly events: readonly DrillEvent[];
  readonly probes: readonly ProbeResult[];
  /** When the new leader took writes by Patroni's word, and when the first client got through the VIP to it. */
  readonly writableMs: number | null;
  readonly servedMs: number | null;
  /** The agent's own share: from the one to the other. */
  readonly ownShareMs: number | null;
}

export interface DrillSettings {
  readonly config: Config;
  readonly vip: string;
  readonly leader: string;
  readonly members: readonly Member[];
  readonly intervalMs: number;
  /** Gives the order; `null` when somebody else does. Resolves with Patroni's words. */
  readonly act: (() => Promise<string>) | null;
  readonly until: Promise<void>;
}

const PATRONI_POLL_MS = 20;
const PATRONI_TIMEOUT_MS = 1000;
const CALM_MS = 1000;

export async function drill(
  settings: DrillSettings,
  probes: readonly Probe[],
  note: (text: string) => void,
): Promise<DrillResult> {
  const record = new DrillRecord(settings, probes);
  try {
    await record.start(note);
    await sleep(CALM_MS);
    await record.act(settings, note);
    await Promise.race([record.settled, settings.until]);
    await sleep(CALM_MS);
    return record.result();
  } finally {
    record.stop();
  }
}

class DrillRecord {
  /** The new leader takes writes, and a client has got through the VIP since. */
  readonly settled: Promise<void>;
  readonly #settings: DrillSettings;
  readonly #probes: readonly { readonly probe: Probe; readonly tally: Tally }[];
  readonly #events: DrillEvent[] = [];
  readonly #stops: (() => void)[] = [];
  readonly #last = new Map<string, string>();
  readonly #startMs = systemClock.nowMs();
  readonly #wallOffsetMs = Date.now() - this.#startMs;
  #actedMs = this.#startMs;
  #successor: string | null = null;
  #writableMs: number | null = null;
  /** The VIP announced by the new leader's host, or, without the wire, a connection after an outage. */
  #movedMs: number | null = null;
  #servedMs: number | null = null;
  #wire: WireWatch | null = null;
  #settle: () => void = () => undefined;

  constructor(settings: DrillSettings, probes: readonly Probe[]) {
    this.#settings = settings;
    const thresholdMs = blackoutMs(settings.intervalMs);
    this.#probes = probes.map((probe) => ({ probe, tally: new Tally(thresholdMs, this.#startMs) }));
    this.settled = new Promise((resolve) => {
      this.#settle = resolve;
    });
  }

  async start(note: (text: string) => void): Promise<void> {
    await this.#listen(note);
    for (const member of this.#settings.members) this.#follow(member);
    for (const { probe, tally } of this.#probes) this.#measure(probe, tally);
  }

  async act({ act }: DrillSettings, note: (text: string) => void): Promise<void> {
    this.#actedMs = systemClock.nowMs();
    note(act === null ? "ready: cause the change of the leader now" : await act());
  }

  stop(): void {
    for (const stop of this.#stops.splice(0)) stop();
    this.#wire?.close();
    for (const { probe } of this.#probes) probe.stop();
  }

  result(): DrillResult {
    const nowMs = systemClock.nowMs();
    const { vip, leader } = this.#settings;
    if (this.#successor === null) throw new PgvipError("SYSTEM", `${leader} still leads: nothing was switched over`);
    const zeroMs = this.#settings.act === null ? this.#firstChangeMs() : this.#actedMs;
    const since = (atMs: number | null): number | null => (atMs === null ? null : round(atMs - zeroMs));
    const iso = (atMs: number): string => new Date(atMs + this.#wallOffsetMs).toISOString();
    const [writableMs, servedMs] = [since(this.#writableMs), since(this.#servedMs)];
    return {
      version: 1,
      vip,
      from: leader,
      to: this.#successor,
      startedAt: iso(zeroMs),
      events: [...this.#events]
        .sort((a, b) => a.atMs - b.atMs)
        .map((event) => ({ ...event, atMs: round(event.atMs - zeroMs) })),
      probes: this.#probes.map(({ probe, tally }) => {
        const { blackouts, ...rest } = tally.summary(nowMs);
        const told = blackouts.map(({ fromMs, durationMs, met }) => ({ at: iso(fromMs), durationMs, met }));
        return { name: probe.name, ...rest, blackouts: told };
      }),
      writableMs,
      servedMs,
      ownShareMs: writableMs === null || servedMs === null ? null : round(Math.max(0, servedMs - writableMs)),
    };
  }

  /** What somebody else caused is counted from its first sign. */
  #firstChangeMs(): number {
    const changes = this.#events.filter(({ atMs, actor }) => atMs > this.#actedMs && actor !== "client");
    return Math.min(...changes.map(({ atMs }) => atMs), systemClock.nowMs());
  }

  #tell(actor: Actor, text: string, atMs: number): void {
    this.#events.push({ actor, text, atMs });
  }

  /** Only what is new about a subject is an event. */
  #tellChange(actor: Actor, subject: string, text: string, atMs: number): boolean {
    if (this.#last.get(subject) === text) return false;
    this.#last.set(subject, text);
    this.#tell(actor, `${subject}: ${text}`, atMs);
    return true;
  }

  #follow(member: Member): void {
    const { apiUrl, name } = member;
    if (apiUrl === null) return;
    const config = { ...this.#settings.config.patroni, url: new URL(apiUrl).origin, scope: null, name: null };
    const patroni = openPatroni(config, systemClock);
    let isAsking = false;
    const stop = every(PATRONI_POLL_MS, systemClock, () => {
      if (isAsking) return;
      isAsking = true;
      void patroni.health("/primary", PATRONI_TIMEOUT_MS).then(({ observation, answeredAtMs }) => {
        isAsking = false;
        this.#judged(name, judge(observation), answeredAtMs);
      });
    });
    this.#stops.push(() => {
      stop();
      patroni.close();
    });
  }

  #judged(member: string, verdict: Verdict, atMs: number): void {
    this.#tellChange("Patroni", member, verdictText(verdict), atMs);
    if (member === this.#settings.leader || !leads(verdict)) return;
    this.#successor ??= member;
    if (verdict.kind === "writable" && member === this.#successor) {
      this.#writableMs ??= atMs;
      this.#maybeSettled();
    }
  }

  #measure(probe: Probe, tally: Tally): void {
    const isClient = probe.name !== "icmp";
    probe.start((attempt) => {
      const { endedMs, sentMs, outcome, detail } = attempt;
      const blackout = tally.note(attempt);
      this.#tellChange("client", probe.name, outcome === "answered" ? "answered" : detail, endedMs);
      if (blackout !== null)
        this.#tell("client", `${probe.name}: ${String(Math.round(blackout.durationMs))} ms without an answer`, endedMs);
      if (!isClient || outcome !== "answered" || this.#successor === null) return;
      // Without the wire, the old holder refuses from its end to the move: the next answer is the new one's.
      if (this.#wire === null && (this.#writableMs === null || sentMs >= this.#writableMs)) this.#movedMs ??= sentMs;
      if (this.#movedMs !== null && sentMs >= this.#movedMs) this.#served(endedMs);
    });
  }

  #served(atMs: number): void {
    this.#servedMs ??= atMs;
    this.#maybeSettled();
  }

  #maybeSettled(): void {
    if (this.#servedMs !== null && this.#writableMs !== null) this.#settle();
  }

  /** Without the capabilities the rest is measured all the same. */
  async #listen(note: (text: string) => void): Promise<void> {
    try {
      this.#wire = await WireWatch.open({
        frame: ({ frame, atMs }) => {
          this.#heard(frame, atMs);
        },
      });
      for (const { ifIndex, up, loopback, mac } of this.#wire.interfaces.links) {
        if (up && !loopback && mac.length === 6) await this.#wire.capture(ifIndex);
      }
    } catch (error) {
      if (!(error instanceof PgvipError)) throw error;
      note(`adverts and ARP are not shown: ${error.message}`);
    }
  }

  #heard(frame: Uint8Array, atMs: number): void {
    const { vip, members } = this.#settings;
    const sighting = readFrame(frame);
    if (sighting === null) return;
    if (sighting.kind === "advert" && sighting.advert.addresses.includes(vip)) {
      const { source } = sighting.header;
      const name = members.find(({ host }) => host === source)?.name ?? source;
      const { priority } = sighting.advert;
      const text =
        priority === 0 ? "lets go of the VIP" : priority === 1 ? "keeps the VIP until it is taken" : "holds the VIP";
      this.#tellChange("VIP", name, text, atMs);
      if (priority > 1 && name !== this.#settings.leader) this.#movedMs ??= atMs;
    }
    const claim = claimOf(sighting);
    if (claim?.address === vip) this.#tellChange("ARP", vip, `is at ${claim.mac}`, atMs);
  }
}

function verdictText(verdict: Verdict): string {
  switch (verdict.kind) {
    case "writable":
      return "leads, and PostgreSQL takes writes";
    case "promoting":
      return "has the leader lock, PostgreSQL is being promoted";
    case "recovering":
    case "ending":
      return `has the leader lock, PostgreSQL is ${verdict.state}`;
    case "notLeader":
      return verdict.postgres === "replica" ? "is a replica" : `is not the leader, PostgreSQL is ${verdict.postgres}`;
    case "eligible":
      return `is a ${verdict.role}`;
    case "ineligible":
      return `is no ${verdict.role}, but ${verdict.state}`;
    case "silent":
      return `Patroni does not answer (${verdict.reason})`;
  }
}

function round(ms: number): number {
  return Math.round(ms * 10) / 10;
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
