/**
 * `npm run sim -- --seeds N [--seed S] [--jobs J]`, `npm run sim -- --seed S [--keep I,J] [--trace]`,
 * `npm run sim -- --elections N [--seed S]`
 *
 * Runs the simulator with the seeds S, S+1, ..., on all processors, until one breaks an invariant. That one is shrunk, its trace
 * printed and the command that replays it; the exit code is 1 then, 0 when all seeds went well. Elections are scenes of their
 * own.
 */
import { fork } from "node:child_process";
import { once } from "node:events";
import { availableParallelism } from "node:os";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import fc from "fast-check";
import { Coverage } from "./coverage.js";
import { play, scenes } from "./election/play.js";
import { describeFault } from "./faults.js";
import { run } from "./run.js";
import { type Plan, planOf } from "./schedule.js";
import { type Share, type Tally, divide, nothingPlayed } from "./share.js";
import { only, shrink } from "./shrink.js";

const SHARE_PROCESS = fileURLToPath(new URL("share-process.ts", import.meta.url));

/** So many seeds take every arrow; fewer may not. */
const SEEDS_FOR_FULL_COVERAGE = 20_000;
const PROGRESS_MS = 10_000;

interface Options {
  readonly seeds: number;
  readonly first: number;
  readonly keep: readonly number[] | null;
  readonly trace: boolean;
  /** Processes. */
  readonly jobs: number;
  /** So many scenes of elections instead. */
  readonly elections: number | null;
}

function main(): number | Promise<number> {
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

async function playClusters(options: Options): Promise<number> {
  const { first, seeds, keep, trace, jobs } = options;
  if (keep !== null || trace) return playOne(options);
  const startedAtMs = performance.now();
  const tallies = await playShares(divide({ first, seeds }, jobs), (runs, virtualMs) => {
    print(summary(runs, virtualMs, performance.now() - startedAtMs));
  });
  const broken = tallies.find((tally) => tally.broken !== null)?.broken ?? null;
  if (broken !== null) {
    explain(broken, planOf(String(broken)), options);
    return 1;
  }
  const coverage = new Coverage();
  for (const { taken } of tallies) coverage.add(taken);
  print(summary(seeds, sum(tallies, "virtualMs"), performance.now() - startedAtMs));
  for (const line of coverage.lines()) print(line);
  return checkCoverage(coverage, seeds);
}

/** The seed once more, with all or some of its faults, told or not. */
function playOne(options: Options): number {
  const whole = planOf(String(options.first));
  const plan = options.keep === null ? whole : only(whole, options.keep);
  const { failure } = run(plan, options.trace ? { trace: print } : {});
  if (failure === null) return 0;
  explain(options.first, plan, options);
  return 1;
}

/** Each share in a process of its own; all end with the first that breaks an invariant. */
async function playShares(
  shares: readonly Share[],
  progress: (runs: number, virtualMs: number) => void,
): Promise<readonly Tally[]> {
  const tallies = shares.map(() => nothingPlayed);
  const children = shares.map(({ first, seeds }) => fork(SHARE_PROCESS, [String(first), String(seeds)]));
  const timer = setInterval(() => {
    progress(sum(tallies, "runs"), sum(tallies, "virtualMs"));
  }, PROGRESS_MS);
  for (const [index, child] of children.entries()) {
    child.on("message", (message) => {
      const tally = message as Tally;
      tallies[index] = tally;
      if (tally.broken !== null) for (const one of children) one.kill();
    });
  }
  // It comes after the last message, unlike the exit.
  await Promise.all(children.map((child) => once(child, "disconnect")));
  clearInterval(timer);
  const isWhole = tallies.every(({ runs }, index) => runs === shares[index]?.seeds);
  if (!isWhole && tallies.every(({ broken }) => broken === null)) throw new Error("a process ended before its share");
  return tallies;
}

function sum(tallies: readonly Tally[], what: "runs" | "virtualMs"): number {
  return tallies.reduce((total, tally) => total + tally[what], 0);
}

function readOptions(): Options {
  const { values } = parseArgs({
    options: {
      seeds: { type: "string" },
      seed: { type: "string", default: "1" },
      keep: { type: "string" },
      trace: { type: "boolean", default: false },
      jobs: { type: "string", default: String(availableParallelism()) },
      elections: { type: "string" },
    },
  });
  const first = whole("--seed", values.seed);
  const seeds = whole("--seeds", values.seeds ?? "1");
  const keep = values.keep === undefined ? null : values.keep.split(",").filter(Boolean).map(Number);
  const elections = values.elections === undefined ? null : whole("--elections", values.elections);
  return { seeds, first, keep, trace: values.trace, jobs: whole("--jobs", values.jobs), elections };
}

function whole(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0) throw new Error(`${name} needs a whole number, got "${text}"`);
  return value;
}

/** Makes its schedule as small as can be, and shows what happens in it. */
function explain(seed: number, plan: Plan, options: Options): void {
  const invariant = run(plan).failure?.invariant ?? "none";
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

process.exitCode = await main();
