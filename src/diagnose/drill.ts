/**
 * A drill: watches Patroni on every member, the wire and the VIP as a client does, while the leader changes, and puts what
 * happened on one timeline.
 */
import type { Config, PatroniConfig } from "../config/config.js";
import type { Member, Observation } from "../core/observation.js";
import { PgvipError } from "../errors.js";
import type { Lane } from "../report/timeline.js";
import { openPatroni } from "../shell/patroni-http.js";
import { systemClock } from "../shell/system-clock.js";
import { judge, leads } from "../core/verdict.js";
import { claimOf, readFrame } from "./frames.js";
import { type DrillEvent, DrillTrail, tenths } from "./drill-trail.js";
import * as words from "./drill-words.js";
import { type ProbeResult, blackoutMs } from "./ping.js";
import { type Probe, every } from "./probes.js";
import { Tally } from "./tally.js";
import { WireWatch } from "./wire-watch.js";

export interface DrillResult {
  readonly version: 1;
  readonly vip: string;
  readonly from: string;
  readonly to: string;
  readonly startedAt: string;
  /** Milliseconds since the drill was asked for; negative ones were before. */
  readonly events: readonly DrillEvent[];
  /** The same as strips: Patroni and PostgreSQL of each member, who announced the VIP, ARP, and each probe. */
  readonly lanes: readonly Lane[];
  readonly probes: readonly ProbeResult[];
  /** When the new leader took writes by Patroni's word, and when the first client got through the VIP to it. */
  readonly writableMs: number | null;
  readonly servedMs: number | null;
  /** The agent's own share: from the one to the other. */
  readonly ownShareMs: number | null;
}

export interface DrillSettings {
  readonly config: Config;
  /** The cluster that is measured. */
  readonly patroni: PatroniConfig;
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
  readonly #probes: readonly Probe[];
  readonly #tallies = new Map<Probe, Tally>();
  readonly #trail = new DrillTrail();
  readonly #stops: (() => void)[] = [];
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
    this.#probes = probes;
    this.settled = new Promise((resolve) => {
      this.#settle = resolve;
    });
    this.#openLanes();
  }

  async start(note: (text: string) => void): Promise<void> {
    await this.#listen(note);
    for (const member of this.#settings.members) this.#follow(member);
    for (const probe of this.#probes) this.#measure(probe);
  }

  async act({ act }: DrillSettings, note: (text: string) => void): Promise<void> {
    this.#actedMs = systemClock.nowMs();
    note(act === null ? "ready: cause the change of the leader now" : await act());
  }

  stop(): void {
    for (const stop of this.#stops.splice(0)) stop();
    this.#wire?.close();
    for (const probe of this.#probes) probe.stop();
  }

  result(): DrillResult {
    const nowMs = systemClock.nowMs();
    const { vip, leader } = this.#settings;
    if (this.#successor === null) throw new PgvipError("SYSTEM", `${leader} still leads: nothing was switched over`);
    // What somebody else caused is counted from its first sign.
    const zeroMs = this.#settings.act === null ? (this.#trail.firstCauseMs(this.#actedMs) ?? nowMs) : this.#actedMs;
    const since = (atMs: number | null): number | null => (atMs === null ? null : tenths(atMs - zeroMs));
    const iso = (atMs: number): string => new Date(atMs + this.#wallOffsetMs).toISOString();
    const [writableMs, servedMs] = [since(this.#writableMs), since(this.#servedMs)];
    return {
      version: 1,
      vip,
      from: leader,
      to: this.#successor,
      startedAt: iso(zeroMs),
      events: this.#trail.events(zeroMs),
      lanes: this.#trail.lanes(zeroMs, nowMs),
      probes: [...this.#tallies].map(([probe, tally]) => {
        const { blackouts, ...rest } = tally.summary(nowMs);
        const told = blackouts.map(({ fromMs, durationMs, met }) => ({ at: iso(fromMs), durationMs, met }));
        return { name: probe.name, ...rest, blackouts: told };
      }),
      writableMs,
      servedMs,
      ownShareMs: writableMs === null || servedMs === null ? null : tenths(Math.max(0, servedMs - writableMs)),
    };
  }

  #openLanes(): void {
    const client = { validMs: blackoutMs(this.#settings.intervalMs), gap: "lost" };
    const names = this.#settings.members.map(({ name }) => name);
    const lasting = { validMs: Infinity, gap: null };
    for (const name of names) this.#trail.openLane(words.patroniLane(name), lasting);
    for (const name of names) this.#trail.openLane(words.postgresLane(name), lasting);
    // A holder that died says nothing: three adverts are missing by then.
    for (const name of names) this.#trail.openLane(words.vipLane(name), { validMs: 3 * this.#advertMs(), gap: null });
    this.#trail.openLane(words.ARP_LANE, lasting);
    for (const probe of this.#probes) this.#trail.openLane(words.clientLane(probe), client);
  }

  #advertMs(): number {
    const group = this.#settings.config.groups.find(({ vips }) =>
      vips.some(({ address }) => address === this.#settings.vip),
    );
    return group?.timing.advertIntervalMs ?? 100;
  }

  #follow(member: Member): void {
    const { apiUrl, name } = member;
    if (apiUrl === null) return;
    const config = { ...this.#settings.patroni, url: new URL(apiUrl).origin, scope: null, name: null };
    const patroni = openPatroni(config, systemClock);
    let isAsking = false;
    const stop = every(PATRONI_POLL_MS, systemClock, () => {
      if (isAsking) return;
      isAsking = true;
      void patroni.health("/primary", PATRONI_TIMEOUT_MS).then(({ observation, answeredAtMs }) => {
        isAsking = false;
        this.#observed(name, observation, answeredAtMs);
      });
    });
    this.#stops.push(() => {
      stop();
      patroni.close();
    });
  }

  #observed(member: string, observation: Observation, atMs: number): void {
    const verdict = judge(observation);
    this.#trail.tellChange("Patroni", member, words.verdictText(verdict), atMs);
    this.#trail.sample(words.patroniLane(member), words.lockState(verdict), atMs);
    this.#trail.sample(words.postgresLane(member), words.postgresState(observation), atMs);
    if (member === this.#settings.leader || !leads(verdict)) return;
    this.#successor ??= member;
    if (verdict.kind === "writable" && member === this.#successor) {
      this.#writableMs ??= atMs;
      this.#maybeSettled();
    }
  }

  #measure(probe: Probe): void {
    const tally = new Tally(blackoutMs(this.#settings.intervalMs), systemClock.nowMs());
    this.#tallies.set(probe, tally);
    const isClient = probe.name !== "icmp";
    probe.start((attempt) => {
      const { endedMs, sentMs, outcome, detail } = attempt;
      const blackout = tally.note(attempt);
      // What was lost shows as the gap between answers: it is known only when the probe gives it up, much later.
      if (outcome !== "failed") this.#trail.sample(words.clientLane(probe), outcome, endedMs);
      this.#trail.tellChange("client", probe.name, outcome === "answered" ? "answered" : detail, endedMs);
      if (blackout !== null)
        this.#trail.tell(
          "client",
          `${probe.name}: ${String(Math.round(blackout.durationMs))} ms without an answer`,
          endedMs,
        );
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
      this.#trail.tellChange("VIP", name, text, atMs);
      this.#trail.sample(words.vipLane(name), priority === 0 ? "gone" : priority === 1 ? "kept" : "held", atMs);
      if (priority > 1 && name !== this.#settings.leader) this.#movedMs ??= atMs;
    }
    const claim = claimOf(sighting);
    if (claim?.address !== vip) return;
    this.#trail.tellChange("ARP", vip, `is at ${claim.mac}`, atMs);
    this.#trail.mark(words.ARP_LANE, `announced at ${claim.mac}`, atMs);
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
