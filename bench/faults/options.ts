/** The command line of the fault matrix: what is wanted, checked; every mistake names what is possible. */
import { parseArgs } from "node:util";
import type { Backend } from "../../lab/preflight.js";
import { UsageError } from "../usage-error.js";
import type { Fault } from "./fault.js";
import { allFaults } from "./faults.js";
import { type FaultSystem, faultSystems } from "./systems.js";

export const usage = `usage: npm run faults [-- OPTION...]

  --real               PostgreSQL, Patroni and etcd instead of stand-ins
  --system A,B         which VIP managers (default pgvip): pgvip, keepalived, vip-manager
  --vip-manager PATH   that vip-manager (2.0 or newer); needed for --system vip-manager
  --only A,B           some of the faults (default all that the back end has):
                       ${wrapped(allFaults.map(({ name }) => name))}
  --json FILE          where the results go as well
  --publish            put the table into docs/faults.md
  --report FILE        play nothing; make the table from the results in this file

Exit code 1 when pgvip misses a bound.`;

export interface FaultOptions {
  readonly kind: "run";
  readonly backend: Backend;
  readonly systems: readonly FaultSystem[];
  readonly faults: readonly Fault[];
  readonly json: string | null;
  readonly publish: boolean;
}

export type Command =
  | { readonly kind: "help" }
  | { readonly kind: "report"; readonly file: string; readonly publish: boolean }
  | FaultOptions;

export function parseOptions(args: readonly string[]): Command {
  const { values } = parse(args);
  if (values.help) return { kind: "help" };
  if (values.report !== undefined) return { kind: "report", file: values.report, publish: values.publish };
  const backend = values.real ? "postgres" : "stand-in";
  const systems = faultSystems(values["vip-manager"] ?? null);
  const possible = allFaults.filter((fault) => (fault.backend ?? backend) === backend);
  return {
    kind: "run",
    backend,
    systems: choose("--system", systems, values.system),
    faults: values.only === undefined ? possible : choose("--only", possible, values.only),
    json: values.json ?? null,
    publish: values.publish,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        help: { type: "boolean", default: false },
        real: { type: "boolean", default: false },
        system: { type: "string", default: "pgvip" },
        "vip-manager": { type: "string" },
        only: { type: "string" },
        json: { type: "string" },
        publish: { type: "boolean", default: false },
        report: { type: "string" },
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function choose<T extends { readonly name: string }>(option: string, all: readonly T[], words: string): readonly T[] {
  return words.split(",").map((word) => {
    const found = all.find(({ name }) => name === word);
    if (found !== undefined) return found;
    throw new UsageError(`${option}: there is no "${word}" here; there are ${all.map(({ name }) => name).join(", ")}`);
  });
}

function wrapped(words: readonly string[]): string {
  const lines: string[] = [];
  for (const word of words) {
    const last = lines.at(-1);
    if (last === undefined || last.length + word.length > 90) lines.push(word);
    else lines[lines.length - 1] = `${last}, ${word}`;
  }
  return lines.join(",\n                       ");
}
