/** The command line of the benchmark: what is wanted, checked; every mistake names what is possible. */
import { parseArgs } from "node:util";
import { UsageError } from "./usage-error.js";
import type { Backend } from "../lab/preflight.js";
import { allScenarios } from "./scenarios.js";
import type { Scenario } from "./scenarios/scenario.js";
import { allSystems } from "./systems.js";
import type { System } from "./systems/system.js";

export const usage = `usage: npm run bench [-- OPTION...]

  --quick              the regression gate: few systems, few rounds, exit code 1 when pgvip leaves its bounds
  --rounds N           rounds of each scenario for each system (default 20; 0 for none)
  --flips N            role flips for each system (default 200; 0 for none)
  --rest SECONDS       length of the measurement at rest (default 60; 0 for none)
  --systems A,B        some of the systems (default all): ${names(allSystems(null))}
  --scenarios A,B      some of the scenarios (default all): ${names(allScenarios)}
  --vip-manager PATH   that vip-manager (2.0 or newer) takes part, with its modes patroni and etcd3
  --backend NAME       postgres (default), or stand-in: no PostgreSQL, for trying the benchmark itself
  --output DIRECTORY   where results.json and report.html go (default bench/output)
  --publish            put the table into docs/benchmark.md as well
  --report A,B         measure nothing; make report and table from this results.json, or from those of several runs,
                       each of which has measured something else`;

export interface BenchOptions {
  readonly kind: "run" | "quick";
  readonly rounds: number;
  readonly flips: number;
  readonly restSeconds: number;
  /** Path of the program. */
  readonly vipManager: string | null;
  readonly systems: readonly System[];
  readonly scenarios: readonly Scenario[];
  readonly backend: Backend;
  readonly output: string;
  readonly publish: boolean;
}

export type Command =
  | { readonly kind: "help" }
  | {
      readonly kind: "report";
      readonly files: readonly [string, ...string[]];
      readonly output: string;
      readonly publish: boolean;
    }
  | BenchOptions;

/** What the gate needs: the floor, pgvip, and the strongest competitor. */
const quick = {
  systems: "none,pgvip,keepalived-best",
  scenarios: "stop-patroni,switchover",
  rounds: "2",
  flips: "10",
  rest: "0",
};

export function parseOptions(args: readonly string[]): Command {
  const { values } = parse(args);
  const output = values.output;
  if (values.help) return { kind: "help" };
  if (values.report !== undefined) {
    const [first = "", ...others] = values.report.split(",");
    return { kind: "report", files: [first, ...others], output, publish: values.publish };
  }
  const standard = values.quick ? quick : { rounds: "20", flips: "200", rest: "60" };
  const vipManager = values["vip-manager"] ?? null;
  const systems = allSystems(vipManager);
  const chosenSystems = values.systems ?? (values.quick ? quick.systems : undefined);
  const chosenScenarios = values.scenarios ?? (values.quick ? quick.scenarios : undefined);
  return {
    kind: values.quick ? "quick" : "run",
    rounds: wholeNumber("rounds", values.rounds ?? standard.rounds),
    flips: wholeNumber("flips", values.flips ?? standard.flips),
    restSeconds: wholeNumber("rest", values.rest ?? standard.rest),
    vipManager,
    systems: choose("systems", systems, chosenSystems),
    scenarios: choose("scenarios", allScenarios, chosenScenarios),
    backend: backend(values.backend),
    output,
    publish: values.publish,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        help: { type: "boolean", default: false },
        quick: { type: "boolean", default: false },
        rounds: { type: "string" },
        flips: { type: "string" },
        rest: { type: "string" },
        systems: { type: "string" },
        scenarios: { type: "string" },
        "vip-manager": { type: "string" },
        backend: { type: "string", default: "postgres" },
        output: { type: "string", default: "bench/output" },
        publish: { type: "boolean", default: false },
        report: { type: "string" },
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function choose<T extends { readonly name: string }>(option: string, all: readonly T[], words?: string): readonly T[] {
  if (words === undefined) return all;
  return words.split(",").map((word) => {
    const found = all.find(({ name }) => name === word);
    if (found === undefined) throw new UsageError(`--${option}: there is no "${word}"; there are ${names(all)}`);
    return found;
  });
}

function wholeNumber(option: string, text: string): number {
  if (!/^\d{1,5}$/.test(text)) throw new UsageError(`--${option}: got "${text}", wants a whole number`);
  return Number(text);
}

function backend(text: string): Backend {
  if (text === "postgres" || text === "stand-in") return text;
  throw new UsageError(`--backend: got "${text}", wants postgres or stand-in`);
}

function names(things: readonly { readonly name: string }[]): string {
  return things.map(({ name }) => name).join(", ");
}
