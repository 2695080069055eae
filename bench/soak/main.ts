/** `npm run soak`: many fail-overs of one pair of agents, and whether they keep more and more. docs/faults.md tells more. */
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { UsageError } from "../usage-error.js";
import { median, percentile } from "../statistics.js";
import { type Verdict, judge, tolerances } from "./judge.js";
import { soak } from "./run.js";
import { type Resource, type Sample, resourceNames, resources } from "./sample.js";

const usage = `usage: npm run soak [-- OPTION...]

  --fail-overs N   how many (default 1000, at least 40)
  --json FILE      where the samples go as well

Exit code 1 when an agent keeps more and more of anything.`;

const samplesPerRun = 100;
const leastFailOvers = 40;

async function main(): Promise<number> {
  const options = readOptions();
  if (options === null) {
    console.log(usage);
    return 0;
  }
  const { failOvers, json } = options;
  const sampleEvery = Math.max(1, Math.floor(failOvers / samplesPerRun));
  const { samples, moveMs } = await soak({ failOvers, sampleEvery, onSample: progress });
  if (json !== null) writeFileSync(json, JSON.stringify({ samples, moveMs }, null, 1) + "\n");
  const verdicts = judge(samples);
  console.log(table(verdicts));
  console.log(moves(moveMs));
  return verdicts.every(({ level }) => level) ? 0 : 1;
}

function readOptions(): { readonly failOvers: number; readonly json: string | null } | null {
  const { values } = parse();
  if (values.help) return null;
  const failOvers = Number(values["fail-overs"]);
  if (!Number.isSafeInteger(failOvers) || failOvers < leastFailOvers) {
    const text = values["fail-overs"];
    throw new UsageError(`--fail-overs: "${text}" is not a whole number of at least ${String(leastFailOvers)}`);
  }
  return { failOvers, json: values.json ?? null };
}

function parse() {
  try {
    return parseArgs({
      options: {
        help: { type: "boolean", default: false },
        "fail-overs": { type: "string", default: "1000" },
        json: { type: "string" },
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function progress(samples: readonly Sample[], moveMs: readonly number[]): void {
  if (moveMs.length % 100 !== 0) return;
  const seconds = ((Date.now() - startedMs) / 1_000).toFixed(0).padStart(5);
  const pair = samples.slice(-2).map(({ node, kept }) => {
    return `${node} ${resourceNames.map((name) => `${name} ${shown(name, kept[name])}`).join(", ")}`;
  });
  console.error(`${seconds} s  ${String(moveMs.length)} fail-overs: ${pair.join("; ")}`);
}

function table(verdicts: readonly Verdict[]): string {
  const rows = verdicts.map(({ node, resource, early, late, failOvers, allowed, level }) => {
    const growth = (late - early) / failOvers;
    return [
      `${node} ${resource}`.padEnd(18),
      `${shown(resource, early)} -> ${shown(resource, late)} ${resources[resource].unit}`.padEnd(26),
      `${growth.toFixed(3)} for each of ${String(failOvers)} fail-overs`.padEnd(34),
      `allowed ${shown(resource, allowed)} (${String(tolerances[resource].perFailOver)} each)`.padEnd(28),
      level ? "level" : "GROWS",
    ].join("  ");
  });
  return rows.join("\n");
}

function moves(moveMs: readonly number[]): string {
  const quarter = Math.floor(moveMs.length / 4);
  const told = [moveMs.slice(0, quarter), moveMs.slice(-quarter)].map((part) => {
    return `median ${median(part).toFixed(1)} ms, 99 % within ${percentile(part, 0.99).toFixed(1)} ms`;
  });
  return `the VIP on the new node after its order: ${told.join("; at the end ")}`;
}

function shown(resource: Resource, value: number): string {
  return value.toFixed(resource === "rss" || resource === "heap" ? 0 : 1);
}

const startedMs = Date.now();

try {
  process.exit(await main());
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(error.message);
  process.exit(2);
}
