/** `npm run bench`: VIP managers side by side on one cluster. docs/benchmark.md tells how and why; options.ts what to type. */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { table } from "../lab/measure.js";
import { missingForLab } from "../lab/preflight.js";
import type { SceneOptions } from "../lab/scene.js";
import { measureCosts } from "./cost.js";
import { runFlips } from "./flips.js";
import { judge, lengthWarning } from "./gate.js";
import { goalsTable } from "./goals.js";
import { describeMachine } from "./machine.js";
import { type BenchOptions, parseOptions, usage } from "./options.js";
import { outliersTable } from "./outliers.js";
import { joined } from "./parts.js";
import { publish } from "./publish.js";
import { htmlReport } from "./report/html.js";
import { picture } from "./report/picture.js";
import { readResults, type Results, writeResults } from "./results.js";
import { Rounds } from "./rounds.js";
import { fastAdvertisers } from "./systems.js";
import { allTables, asText, failures } from "./tables.js";
import { UsageError } from "./usage-error.js";

/** The fastest that Patroni 3.0.2 takes without a warning: kill-leader waits for the ttl, whoever has the VIP. */
const pace = { ttlSeconds: 20, loopWaitSeconds: 2, retryTimeoutSeconds: 3 };

async function main(): Promise<number> {
  const command = parseOptions(process.argv.slice(2));
  switch (command.kind) {
    case "help":
      console.log(usage);
      return 0;
    case "report":
      report(readParts(command.files), command);
      return 0;
    case "run":
    case "quick": {
      const missing = await missingFor(command);
      if (missing.length > 0) throw new UsageError(missing.join("\n"));
      const results = await run(command);
      report(results, command);
      return command.kind === "quick" ? gate(results) : 0;
    }
  }
}

function readParts([first, ...others]: readonly [string, ...string[]]): Results {
  return joined([readResults(first), ...others.map(readResults)]);
}

async function missingFor({ backend, systems }: BenchOptions): Promise<string[]> {
  const ofSystems = await Promise.all(systems.map((system) => system.create().missing()));
  return [...missingForLab(backend), ...new Set(ofSystems)].filter((line) => line !== null);
}

async function run(options: BenchOptions): Promise<Results> {
  const { scenarios, backend, restSeconds } = options;
  const systems = options.systems.filter(({ arenas }) => arenas.includes(backend));
  const scene: SceneOptions = { backend, postgres: { pace } };
  let results = await emptyResults(options);
  const save = (more: Partial<Results>): void => {
    results = { ...results, ...more };
    saveResults(results, options.output);
  };
  const logs = `${options.output}/logs`;
  rmSync(logs, { recursive: true, force: true });
  const plan = { scene, systems, scenarios, rounds: options.rounds, calmSeconds: 5 };
  const rounds = new Rounds({ ...plan, logs, progress, save });
  try {
    await rounds.run();
  } finally {
    await rounds.close();
  }
  save({ flips: await runFlips({ systems: options.systems, flips: options.flips, progress }) });
  const costPlan = { scene, systems, advertisers: fastAdvertisers, restSeconds, jitterSeconds: restSeconds, progress };
  if (restSeconds > 0) save(await measureCosts(costPlan));
  return results;
}

async function emptyResults({ systems, scenarios, backend, vipManager }: BenchOptions): Promise<Results> {
  return {
    format: 1,
    startedAt: new Date().toISOString(),
    command: ["npm run bench", ...(process.argv.length > 2 ? ["--", ...process.argv.slice(2)] : [])].join(" "),
    backend,
    machine: await describeMachine(vipManager),
    systems: systems.map(({ name, about }) => ({ name, about })),
    scenarios: scenarios.map(({ name, about }) => ({ name, about })),
    rounds: [],
    flips: [],
    costs: [],
    jitters: [],
    starts: [],
    failOverCpu: [],
  };
}

function saveResults(results: Results, directory: string): void {
  mkdirSync(directory, { recursive: true });
  writeResults(`${directory}/results.json`, results);
}

function report(results: Results, { output, publish: published }: { output: string; publish: boolean }): void {
  saveResults(results, output);
  writeFileSync(`${output}/report.html`, htmlReport(results));
  const drawn = picture(results);
  if (drawn !== null) writeFileSync(`${output}/timeline.svg`, drawn);
  if (published) publish(results);
  const tables = [...allTables(results, true), outliersTable(results), goalsTable(results)];
  console.log(
    tables
      .filter(({ rows }) => rows.length > 0)
      .map(asText)
      .join("\n"),
  );
  for (const line of failures(results)) console.log(`failed: ${line}`);
  console.log(`\n${output}/results.json, ${output}/report.html`);
}

function gate(results: Results): number {
  const verdicts = judge(results);
  const rows = verdicts.map(({ what, found, bound, held }) => [
    what,
    Number.isNaN(found) ? "not measured" : found.toFixed(1),
    Number.isNaN(bound) ? "–" : bound.toFixed(1),
    held ? "held" : "LEFT",
  ]);
  console.log(`\n${table(["bound", "found", "at most", ""], rows)}`);
  const warning = lengthWarning((Date.now() - startedMs) / 1000);
  if (warning !== null) console.error(warning);
  return verdicts.every(({ held }) => held) ? 0 : 1;
}

const startedMs = Date.now();

function progress(text: string): void {
  console.error(`${((Date.now() - startedMs) / 1000).toFixed(0).padStart(5)} s  ${text}`);
}

try {
  process.exit(await main());
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(error.message);
  process.exit(2);
}
