/**
 * A benchmark in parts: the results of several runs as one. Each scenario, and each of the other measurements, has to be
 * of one run, because numbers of different runs are not to be compared.
 */
import type { Results } from "./results.js";
import { UsageError } from "./usage-error.js";

/** In the order given; what machine and versions are must be the same. Throws UsageError with what is in two of them. */
export function joined([first, ...others]: readonly [Results, ...Results[]]): Results {
  return others.reduce(join, first);
}

function join(a: Results, b: Results): Results {
  const differs = Object.keys({ ...a.machine, ...b.machine }).find((name) => a.machine[name] !== b.machine[name]);
  if (differs !== undefined) {
    throw new UsageError(`two machines: ${differs} is "${a.machine[differs] ?? ""}" and "${b.machine[differs] ?? ""}"`);
  }
  const twice = partsOf(a).find((part) => partsOf(b).includes(part));
  if (twice !== undefined) throw new UsageError(`two runs have ${twice}, and their numbers are not to be compared`);
  const calm = a.calm ?? b.calm;
  return {
    ...a,
    command: `${a.command}\`, and ${b.startedAt} with \`${b.command}`,
    systems: distinct([...a.systems, ...b.systems]),
    scenarios: distinct([...a.scenarios, ...b.scenarios]),
    rounds: [...a.rounds, ...b.rounds],
    flips: [...a.flips, ...b.flips],
    costs: [...a.costs, ...b.costs],
    jitters: [...a.jitters, ...b.jitters],
    starts: [...a.starts, ...b.starts],
    failOverCpu: [...a.failOverCpu, ...b.failOverCpu],
    ...(calm === undefined ? {} : { calm }),
  };
}

/** What a run has measured, as a reader would call it. */
function partsOf({ rounds, flips, costs, jitters }: Results): string[] {
  const others = { flips, costs, "adverts' jitter": jitters };
  return [
    ...new Set(rounds.map(({ scenario }) => scenario).filter((scenario) => scenario !== "start")),
    ...Object.entries(others).flatMap(([name, values]) => (values.length === 0 ? [] : [name])),
  ];
}

function distinct<T extends { readonly name: string }>(all: readonly T[]): T[] {
  return [...new Map(all.map((one) => [one.name, one])).values()];
}
