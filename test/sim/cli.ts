/**
 * `npm run sim -- --seeds N [--seed S] [--keep I,J] [--trace]`, `npm run sim -- --elections N [--seed S]`
 *
 * Runs the simulator with the seeds S, S+1, ... until one breaks an invariant. That one is shrunk, its trace printed and
 * the command that replays it; the exit code is 1 then, 0 when all seeds went well. Elections are scenes of their own.
 */
import { parseArgs } from "node:util";
import fc from "fast-check";
import { Coverage } from "./coverage.js";
import { play, scenes } from "./election/play.js";
import { describeFault } from "./faults.js";
import { run } from "./run.js";
import { type Plan, planOf } from "./schedule.js";
import { only, shrink } from "./shrink.js";

/** So many seeds take every arrow; fewer may not. */
const SEEDS_FOR_FULL_COVERAGE = 20_000;
const PROGRESS_MS = 10_000;

interface Options {
  readonly seeds: number;
  readonly first: number;
  readonly keep: readonly number[] | null;
  readonly trace: boolean;
  /** So many scenes of elections instead. */
  readonly elections: number | null;
}

function main(): number {
  const options = readOptions();
  return options.elections === null ? playClusters(options) : playElections(options.elections, options.first);
}

function playElections(count: number, seed: number): number {
  const startedAtMs = performance.now();
  const property = fc.property(scenes, (scene) => play(scene) === null);
  const { failed, counterexample, numRuns } = fc.check(property, { numRuns: count, seed });
  const seconds = (performance.now() - startedAtMs) / 1_000;
  print(`${String(numRuns)} elections, ${(numRuns / seconds).toFixed(1)} a second`);
  if (!failed) return 0;
  const scene = counterexample?.[0];
  print(JSON.stringify(scene, null, 1));
  if (scene !== undefined) print(JSON.stringify(play(scene)));
  return 1;
}

function playClusters(options: Options): number {
  const coverage = new Coverage();
  const startedAtMs = performance.now();
  let virtualMs = 0;
  let progressAtMs = startedAtMs + PROGRESS_MS;
  for (let seed = options.first; seed < options.first + options.seeds; seed += 1) {
    const whole = planOf(String(seed));
    const plan = options.keep === null ? whole : only(whole, options.keep);
    const outcome = run(plan, options.trace ? { coverage, trace: print } : { coverage });
    virtualMs += outcome.virtualMs;
    if (outcome.failure !== null) {
      explain(seed, plan, outcome.failure.invariant, options);
      return 1;
    }
    if (performance.now() > progressAtMs) {
      progressAtMs += PROGRESS_MS;
      print(summary(seed - options.first + 1, virtualMs, performance.now() - startedAtMs));
    }
  }
  print(summary(options.seeds, virtualMs, performance.now() - startedAtMs));
  for (const line of coverage.lines()) print(line);
  return checkCoverage(coverage, options.seeds);
}

function readOptions(): Options {
  const { values } = parseArgs({
    options: {
      seeds: { type: "string" },
      seed: { type: "string", default: "1" },
      keep: { type: "string" },
      trace: { type: "boolean", default: false },
      elections: { type: "string" },
    },
  });
  const first = whole("--seed", values.seed);
  const seeds = whole("--seeds", values.seeds ?? "1");
  const keep = values.keep === undefined ? null : values.keep.split(",").filter(Boolean).map(Number);
  const elections = values.elections === undefined ? null : whole("--elections", values.elections);
  return { seeds, first, keep, trace: values.trace, elections };
}

function whole(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0) throw new Error(`${name} needs a whole number, got "${text}"`);
  return value;
}

function explain(seed: number, plan: Plan, invariant: string, options: Options): void {
  print(`seed ${String(seed)} breaks an invariant; making its schedule smaller ...`);
  const offered = options.keep ?? plan.faults.map((_, index) => index);
  const kept = shrink(plan, invariant).map((index) => offered[index] ?? index);
  const small = only(planOf(String(seed)), kept);
  if (!options.trace) run(small, { trace: print });
  const { nodes, patroni, settings } = small.world;
  print(`\n${String(nodes)} nodes, take_on ${settings.takeOn}, ${JSON.stringify(patroni)}`);
  for (const fault of small.faults) print(`  ${describeFault(fault)}`);
  print(run(small).failure?.message ?? "not broken without the trace");
  print(`replay: npm run sim -- --seed ${String(seed)} --keep "${kept.join(",")}" --trace`);
}

function summary(runs: number, virtualMs: number, tookMs: number): string {
  const perSecond = (runs / tookMs) * 1_000;
  const hours = virtualMs / 3_600_000;
  return `${String(runs)} runs, ${perSecond.toFixed(1)} runs/s, ${hours.toFixed(1)} h of virtual time`;
}

function checkCoverage({ missing, unknown }: Coverage, seeds: number): number {
  for (const arrow of unknown) print(`not in the list of arrows: ${arrow}`);
  if (seeds >= SEEDS_FOR_FULL_COVERAGE) for (const arrow of missing) print(`never taken: ${arrow}`);
  return unknown.length > 0 || (seeds >= SEEDS_FOR_FULL_COVERAGE && missing.length > 0) ? 1 : 0;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

process.exitCode = main();
