/** `npm run bench:growth`: what more groups, and more VIPs in a group, cost pgvip and keepalived. docs/benchmark.md tells more. */
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { table } from "../../lab/measure.js";
import { missingForLab } from "../../lab/preflight.js";
import { Scene } from "../../lab/scene.js";
import { UsageError } from "../usage-error.js";
import { type Load, mostGroups, mostVips } from "./load.js";
import { type Measured, type SystemName, measure } from "./run.js";

const usage = `usage: npm run bench:growth [-- OPTION...]

  --loads A,B      groups, or groups x VIPs in each (default 1,16,64,255,1x100)
  --seconds N      length of each of the two measurements of a load (default 10)
  --systems A,B    some of pgvip, keepalived (default both)
  --json FILE      where the numbers go as well`;

const systems: readonly SystemName[] = ["pgvip", "keepalived"];

interface Options {
  readonly loads: readonly Load[];
  readonly seconds: number;
  readonly systems: readonly SystemName[];
  readonly json: string | null;
}

async function main(): Promise<number> {
  const options = readOptions();
  if (options === null) {
    console.log(usage);
    return 0;
  }
  const missing = missingForLab("stand-in");
  if (missing.length > 0) throw new UsageError(missing.join("\n"));
  const found = await run(options);
  console.log(asTable(found));
  if (options.json !== null) writeFileSync(options.json, JSON.stringify(found, null, 1) + "\n");
  return 0;
}

async function run({ loads, systems: chosen, seconds }: Options): Promise<Measured[]> {
  const scene = await Scene.open({ backend: "stand-in" });
  try {
    const found: Measured[] = [];
    for (const load of loads) {
      for (const system of chosen) {
        const measured = await measure(scene, system, load, seconds);
        found.push(measured);
        console.error(`${system}, ${name(load)}: ${measured.holder.cpuPercent.toFixed(1)} % of a core on the holder`);
      }
    }
    return found;
  } catch (error) {
    console.error(await scene.topology.lab.logTails(5));
    throw error;
  } finally {
    await scene.close();
  }
}

function asTable(found: readonly Measured[]): string {
  const header = [
    "",
    "CPU %: holder",
    "standby",
    "RSS MB: holder",
    "standby",
    "off by, ms: p50",
    "p99",
    "max",
    "start, ms",
  ];
  const rows = found.map((one) => [
    `${name(one)}: ${one.system}`,
    ...[one.holder.cpuPercent, one.standby.cpuPercent, one.holder.rssMb, one.standby.rssMb].map((n) => n.toFixed(1)),
    ...[one.jitter.p50, one.jitter.p99, one.jitter.max].map((ms) => ms.toFixed(2)),
    one.startMs.toFixed(0),
  ]);
  return table(header, rows);
}

function name({ groups, vips }: Load): string {
  return `${String(groups)} × ${String(vips)}`;
}

function readOptions(): Options | null {
  const { values } = parse();
  if (values.help) return null;
  const seconds = Number(values.seconds);
  if (!Number.isSafeInteger(seconds) || seconds < 1 || seconds > 600) {
    throw new UsageError(`--seconds: "${values.seconds}" is not a whole number from 1 to 600`);
  }
  const chosen = values.systems.split(",").map((word) => {
    const system = systems.find((one) => one === word);
    if (system === undefined) throw new UsageError(`--systems: there is no "${word}", only ${systems.join(", ")}`);
    return system;
  });
  return { loads: values.loads.split(",").map(readLoad), seconds, systems: chosen, json: values.json ?? null };
}

function readLoad(word: string): Load {
  const [, groups = "0", vips = "1"] = /^(\d+)(?:x(\d+))?$/.exec(word) ?? [];
  const load = { groups: Number(groups), vips: Number(vips) };
  const fits = load.groups >= 1 && load.groups <= mostGroups && load.vips >= 1 && load.vips <= mostVips;
  if (fits) return load;
  const limits = `1 to ${String(mostGroups)} groups, 1 to ${String(mostVips)} VIPs`;
  throw new UsageError(`--loads: "${word}" is not GROUPS or GROUPSxVIPS (${limits})`);
}

function parse() {
  try {
    return parseArgs({
      options: {
        help: { type: "boolean", default: false },
        loads: { type: "string", default: "1,16,64,255,1x100" },
        seconds: { type: "string", default: "10" },
        systems: { type: "string", default: systems.join(",") },
        json: { type: "string" },
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(`${error.message}\n\n${usage}`);
  process.exitCode = 2;
}
