/** `npm run faults`: what becomes of the VIP when something breaks. docs/faults.md tells how and why; options.ts what to type. */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Pace } from "../../lab/cluster.js";
import { missingForLab } from "../../lab/preflight.js";
import { describeMachine } from "../machine.js";
import { betweenMarkers } from "../publish.js";
import { UsageError } from "../usage-error.js";
import type { Fault } from "./fault.js";
import { boundsText } from "./judge.js";
import { type FaultOptions, parseOptions, usage } from "./options.js";
import { readResults, type Results, type Row, writeResults } from "./results.js";
import { FaultRun } from "./run.js";
import type { FaultSystem } from "./systems.js";
import { asMarkdown, asText, line } from "./tables.js";

/** The fastest that Patroni takes without a warning: several faults wait for the ttl. */
const pace: Pace = { ttlSeconds: 20, loopWaitSeconds: 2, retryTimeoutSeconds: 3 };
const page = fileURLToPath(new URL("../../docs/faults.md", import.meta.url));

async function main(): Promise<number> {
  const command = parseOptions(process.argv.slice(2));
  switch (command.kind) {
    case "help":
      console.log(usage);
      return 0;
    case "report":
      return report(readResults(command.file), command.publish);
    case "run": {
      const missing = await missingFor(command);
      if (missing.length > 0) throw new UsageError(missing.join("\n"));
      return report(await run(command), command.publish);
    }
  }
}

async function missingFor({ backend, systems }: FaultOptions): Promise<string[]> {
  const ofSystems = await Promise.all(systems.map((system) => system.create({}).missing()));
  return [...missingForLab(backend), ...ofSystems].filter((text) => text !== null);
}

async function run(options: FaultOptions): Promise<Results> {
  const { backend, systems, faults, json } = options;
  const rows: Row[] = [];
  const results: Results = {
    format: 1,
    startedAt: new Date().toISOString(),
    command: ["npm run faults", ...(process.argv.length > 2 ? ["--", ...process.argv.slice(2)] : [])].join(" "),
    backend,
    machine: await describeMachine(),
    systems: systems.map(({ name, about }) => ({ name, about })),
    faults: faults.map(({ name, about, bounds }) => ({ name, about, bounds: boundsText(bounds) })),
    rows,
  };
  const note = (row: Row): void => {
    rows.push(row);
    console.error(`${((Date.now() - startedMs) / 1000).toFixed(0).padStart(5)} s  ${line(row)}`);
    if (json !== null) writeResults(json, results);
  };
  for (const failsafe of [false, true]) {
    const chosen = faults.filter((fault) => (fault.failsafe ?? false) === failsafe);
    for (const system of systems) await playAll(system, chosen, options, failsafe, note);
  }
  return results;
}

async function playAll(
  system: FaultSystem,
  faults: readonly Fault[],
  { backend }: FaultOptions,
  failsafe: boolean,
  note: (row: Row) => void,
): Promise<void> {
  const run = new FaultRun(system, { backend, postgres: { pace, failsafe }, standIn: { pace } });
  try {
    for (const fault of faults) if (suits(fault, system)) note(await run.play(fault));
  } finally {
    await run.close();
  }
}

function suits({ needs }: Fault, { hooked, speaksVrrp }: FaultSystem): boolean {
  if (needs === "hooks") return hooked;
  return needs === "VRRP" ? speaksVrrp : true;
}

function report(results: Results, publish: boolean): number {
  console.log(asText(results));
  if (publish) {
    const name = results.backend;
    const text = readFileSync(page, "utf8");
    writeFileSync(page, betweenMarkers(text, `<!-- ${name} -->`, `<!-- end of ${name} -->`, asMarkdown(results)));
  }
  const missed = results.rows.filter(
    (row) => row.system === "pgvip" && (row.kind === "failed" || row.missed.length > 0),
  );
  for (const row of missed) console.log(line(row));
  return missed.length > 0 ? 1 : 0;
}

const startedMs = Date.now();

try {
  process.exit(await main());
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(error.message);
  process.exit(2);
}
