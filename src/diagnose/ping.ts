/** Runs probes against a VIP side by side until the caller has enough, and tells each blackout when it is over. */
import { systemClock } from "../shell/system-clock.js";
import type { Probe } from "./probes.js";
import { type Blackout, Tally, type TallySummary } from "./tally.js";

export interface PingSettings {
  readonly intervalMs: number;
  /** `null` = until stopped. */
  readonly forMs: number | null;
  readonly until: Promise<void>;
}

export interface PingOutput {
  /** Now and then, for a line that is written over. */
  live(text: string): void;
  blackout(text: string): void;
}

export interface PingResult {
  readonly version: 1;
  readonly startedAt: string;
  readonly durationMs: number;
  readonly intervalMs: number;
  readonly probes: readonly ProbeResult[];
}

export type ProbeResult = Omit<TallySummary, "blackouts"> & {
  readonly name: string;
  readonly blackouts: readonly { readonly at: string; readonly durationMs: number; readonly met: readonly string[] }[];
};

const LIVE_MS = 200;
/** Five answers in a row have to be missing, and not just one late timer. */
const LEAST_BLACKOUT_MS = 50;

/** A silence of this length is a blackout. */
export function blackoutMs(intervalMs: number): number {
  return Math.max(LEAST_BLACKOUT_MS, 5 * intervalMs);
}

export async function ping(probes: readonly Probe[], settings: PingSettings, output: PingOutput): Promise<PingResult> {
  const { intervalMs, forMs, until } = settings;
  const startMs = systemClock.nowMs();
  const wallOffsetMs = Date.now() - startMs;
  const iso = (atMs: number): string => new Date(atMs + wallOffsetMs).toISOString();
  const tallies = probes.map((probe) => ({ probe, tally: new Tally(blackoutMs(intervalMs), startMs) }));

  const live = setInterval(() => {
    const nowMs = systemClock.nowMs();
    output.live(tallies.map(({ probe, tally }) => liveText(probe.name, tally, nowMs, intervalMs)).join("   "));
  }, LIVE_MS);
  const ended = forMs === null ? until : Promise.race([until, sleep(forMs)]);
  for (const { probe, tally } of tallies) {
    probe.start((attempt) => {
      const blackout = tally.note(attempt);
      if (blackout !== null) output.blackout(`${iso(blackout.fromMs)}  ${probe.name}: ${blackoutText(blackout)}`);
    });
  }
  try {
    await ended;
  } finally {
    clearInterval(live);
    for (const probe of probes) probe.stop();
  }
  const nowMs = systemClock.nowMs();
  return {
    version: 1,
    startedAt: iso(startMs),
    durationMs: nowMs - startMs,
    intervalMs,
    probes: tallies.map(({ probe, tally }) => {
      const { blackouts, ...rest } = tally.summary(nowMs);
      const told = blackouts.map(({ fromMs, durationMs, met }) => ({ at: iso(fromMs), durationMs, met }));
      return { name: probe.name, ...rest, blackouts: told };
    }),
  };
}

export function pingText({ probes, durationMs }: PingResult): string {
  return [`${(durationMs / 1000).toFixed(1)} s measured`, ...probes.flatMap(probeLines)].join("\n");
}

function probeLines(probe: ProbeResult): readonly string[] {
  const { sent, answered, refused, readOnly, failed, answerMs } = probe;
  const counts = [
    `${String(sent)} sent`,
    `${String(answered)} answered`,
    ...(refused > 0 ? [`${String(refused)} refused`] : []),
    ...(readOnly > 0 ? [`${String(readOnly)} read-only`] : []),
    ...(failed > 0 ? [`${String(failed)} failed`] : []),
  ];
  const times =
    answerMs === null
      ? "no answer"
      : `answers in ${msText(answerMs.median)} (median), ${msText(answerMs.p99)} (p99), ${msText(answerMs.max)} (longest)`;
  return [
    "",
    `${probe.name}: ${counts.join(", ")}`,
    `  ${times}`,
    `  longest silence ${msText(probe.longestSilenceMs)}`,
    ...(probe.blackouts.length === 0 ? ["  no blackout"] : []),
    ...probe.blackouts.map((one) => `  blackout at ${one.at}: ${blackoutText(one)}`),
  ];
}

function blackoutText({ durationMs, met }: Pick<Blackout, "durationMs" | "met">): string {
  return `${msText(durationMs)} without an answer${met.length === 0 ? "" : `, met ${met.slice(0, 3).join(", ")}`}`;
}

function liveText(name: string, tally: Tally, nowMs: number, intervalMs: number): string {
  const silentMs = tally.silentMs(nowMs);
  const state =
    silentMs >= blackoutMs(intervalMs) ? `SILENT for ${msText(silentMs)}` : msText(tally.lastAnswerTookMs ?? 0);
  return `${name}: ${state}, longest silence ${msText(tally.longestSilenceMs(nowMs))}`;
}

/** One digit after the point below ten milliseconds, none above. */
export function msText(ms: number): string {
  return `${ms < 10 ? ms.toFixed(1) : ms.toFixed(0)} ms`;
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
