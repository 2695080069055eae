/** The ping line of a watch: echoes to each VIP, added up; without the means for it the reason, and the watch goes on. */
import { PgvipError } from "../../errors.js";
import { systemClock } from "../../shell/system-clock.js";
import { blackoutMs, msText } from "../ping.js";
import { type Probe, echoProbe } from "../probes.js";
import { type Attempt, Tally } from "../tally.js";
import type { PingView, VipPing } from "./view.js";

const INTERVAL_MS = 100;
const SECOND_MS = 1000;
const SECONDS_KEPT = 300;
/** A second is told when its echoes have had their time. */
const WAIT_MS = blackoutMs(INTERVAL_MS);

export class VipPings {
  readonly #blackout: (text: string) => void;
  readonly #vips = new Map<string, { readonly probe: Probe; readonly tally: Tally; readonly strip: Strip }>();
  #problem: string | null = null;

  /** `blackout` is told of each silence when it is over. */
  constructor(blackout: (text: string) => void) {
    this.#blackout = blackout;
  }

  /** Idempotent. */
  follow(vip: string): void {
    if (this.#vips.has(vip) || this.#problem !== null) return;
    try {
      this.#start(vip, echoProbe(vip, INTERVAL_MS, systemClock));
    } catch (error) {
      if (!(error instanceof PgvipError)) throw error;
      this.#problem = error.message;
    }
  }

  stop(): void {
    for (const { probe } of this.#vips.values()) probe.stop();
  }

  get view(): PingView {
    if (this.#problem !== null) return { kind: "off", why: this.#problem };
    const nowMs = systemClock.nowMs();
    return {
      kind: "on",
      vips: new Map([...this.#vips].map(([vip, one]) => [vip, viewOf(one.tally, one.strip, nowMs)])),
    };
  }

  #start(vip: string, probe: Probe): void {
    const nowMs = systemClock.nowMs();
    const [tally, strip] = [new Tally(blackoutMs(INTERVAL_MS), nowMs), new Strip(nowMs)];
    this.#vips.set(vip, { probe, tally, strip });
    probe.start((attempt) => {
      strip.note(attempt);
      const blackout = tally.note(attempt);
      if (blackout !== null) this.#blackout(`ping ${vip}: ${msText(blackout.durationMs)} without an answer`);
    });
  }
}

function viewOf(tally: Tally, strip: Strip, nowMs: number): VipPing {
  return {
    lastAnswerMs: tally.lastAnswerTookMs,
    silentMs: tally.silentMs(nowMs),
    longestSilenceMs: tally.longestSilenceMs(nowMs),
    seconds: strip.seconds(nowMs),
  };
}

/** Seconds with and without an answer to every echo sent in them. */
class Strip {
  readonly #startMs: number;
  readonly #answered = new Map<number, number>();

  constructor(startMs: number) {
    this.#startMs = startMs;
  }

  note({ sentMs, outcome }: Attempt): void {
    if (outcome !== "answered") return;
    const second = this.#secondOf(sentMs);
    this.#answered.set(second, (this.#answered.get(second) ?? 0) + 1);
    this.#answered.delete(second - SECONDS_KEPT);
  }

  /** A late timer may cost a second one of its echoes; half of them missing is a silence. */
  seconds(nowMs: number): readonly boolean[] {
    const end = this.#secondOf(nowMs - WAIT_MS);
    const first = Math.max(0, end - SECONDS_KEPT + 1);
    const least = SECOND_MS / INTERVAL_MS / 2;
    return Array.from({ length: Math.max(0, end - first) }, (_, index) => {
      return (this.#answered.get(first + index) ?? 0) >= least;
    });
  }

  #secondOf(atMs: number): number {
    return Math.floor((atMs - this.#startMs) / SECOND_MS);
  }
}
