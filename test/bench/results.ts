/** Results of a small run, made by hand. */
import type { Flip, MeasuredRound, Results } from "../../bench/results.js";

export function measured(
  system: string,
  scenario: string,
  round: number,
  values: MeasuredRound["values"],
): MeasuredRound {
  const lanes: MeasuredRound["lanes"] = [
    { name: "VIP a", spans: [{ fromMs: 0, toMs: 1500, state: "held" }], marks: [] },
    {
      name: "client: echo",
      spans: [
        { fromMs: 0, toMs: 1500, state: "from a" },
        { fromMs: 1500, toMs: 3000, state: "from b" },
      ],
      marks: [{ atMs: 1500, what: "ARP announcement" }],
    },
  ];
  return { kind: "measured", system, scenario, round, values, lanes };
}

export function flips(system: string, answered: readonly (number | null)[]): Flip[] {
  return answered.map((answeredMs, index) => ({ system, round: index + 1, addedMs: answeredMs, answeredMs }));
}

const good = { added: 3, silence: 15, lost: 0, connect: 5, gap: 1500, readOnly: 0 };
const slow = { added: 30, silence: 2000, lost: 190, connect: 1030, gap: 1600, readOnly: 4 };
const floor = { added: 1, silence: 12, lost: 0, connect: 4, gap: 1490, readOnly: null };

export function goodResults(): Results {
  const rounds = ["stop-patroni", "switchover"].flatMap((scenario) =>
    [1, 2].flatMap((round) => [
      measured("none", scenario, round, floor),
      measured("pgvip", scenario, round, good),
      measured("keepalived-best", scenario, round, slow),
    ]),
  );
  return {
    format: 1,
    startedAt: "2026-01-01T00:00:00.000Z",
    command: "npm run bench",
    backend: "postgres",
    machine: { node: "v20" },
    systems: ["none", "pgvip", "keepalived-best"].map((name) => ({ name, about: `what <${name}> is` })),
    scenarios: ["stop-patroni", "switchover"].map((name) => ({ name, about: `about ${name}` })),
    rounds,
    flips: [...flips("pgvip", [6, 7, 8]), ...flips("keepalived-best", [30, 40, null])],
    costs: [],
    jitters: [],
    starts: [],
    failOverCpu: [],
  };
}
