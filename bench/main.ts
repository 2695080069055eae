/**
 * `npm run bench`: how much a VIP manager adds to PostgreSQL's own fail-over, measured on a real cluster in the lab.
 *
 *     npm run bench -- [--rounds 10] [--backend postgres|stand-in] [--only stop-patroni,switchover]
 *
 * Nothing else may load the machine meanwhile.
 */
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { PgvipAgents } from "../lab/agents.js";
import { formatMs, summarize, table } from "../lab/measure.js";
import { type Outcome, Stage } from "../lab/stage.js";
import { vipCidr } from "../lab/topology.js";
import { nowMs, sleep } from "../lab/wait.js";

interface Scenario {
  readonly name: string;
  /** Causes one fail-over, or what should be none, and resolves when it is over. Leaves a cluster that can heal. */
  readonly run: (stage: Stage, agents: PgvipAgents, leader: string, other: string) => Promise<Outcome>;
}

const scenarios: readonly Scenario[] = [
  {
    name: "stop-patroni",
    async run(stage, _agents, leader) {
      const outcome = await stage.measure(
        () => stage.cluster.stopPatroni(leader),
        () => stage.moved(leader),
      );
      await stage.cluster.startPatroni(leader);
      return outcome;
    },
  },
  {
    name: "switchover",
    run: (stage, _agents, leader, other) =>
      stage.measure(
        () => stage.cluster.switchover(leader, other),
        () => stage.moved(leader),
      ),
  },
  {
    name: "kill-leader",
    async run(stage, agents, leader) {
      const outcome = await stage.measure(
        () => stage.cluster.killHost(leader),
        () => stage.moved(leader),
      );
      await stage.cluster.reviveHost(leader);
      await agents.start(stage.cluster.node(leader));
      return outcome;
    },
  },
  {
    name: "agent-restart",
    run: (stage, agents, leader) =>
      stage.measure(
        async () => {
          await agents.stop(stage.cluster.node(leader));
          await agents.start(stage.cluster.node(leader));
        },
        () => sleep(3_000),
      ),
  },
];

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "10" },
    backend: { type: "string", default: "postgres" },
    only: { type: "string", default: "" },
  },
});

const agents = new PgvipAgents({ vips: [vipCidr], extra: ["--on-stop", "keep"] });
const stage = await Stage.open({
  backend: values.backend === "stand-in" ? "stand-in" : "postgres",
  postgres: { pace: { ttlSeconds: 20, loopWaitSeconds: 2, retryTimeoutSeconds: 3 } },
  manager: agents,
});
try {
  await atRest();
  const chosen = scenarios.filter(({ name }) => values.only === "" || values.only.split(",").includes(name));
  const outcomes = new Map<string, Outcome[]>(chosen.map(({ name }) => [name, []]));
  for (let round = 1; round <= Number(values.rounds); round += 1) {
    for (const scenario of chosen) {
      const leader = await stage.cluster.waitHealthy();
      await stage.watch.holder(leader);
      const other = stage.topology.nodes.find(({ name }) => name !== leader)?.name ?? "";
      const outcome = await scenario.run(stage, agents, leader, other);
      outcomes.get(scenario.name)?.push(outcome);
      console.error(`round ${String(round)} ${scenario.name}: ${brief(outcome)}`);
    }
  }
  console.log(report(outcomes));
} finally {
  await stage.close();
}

function brief({ findings, outage, holders }: Outcome): string {
  const added = outage === null ? "–" : formatMs(outage.addedMs);
  return (
    `${String(findings.echoes.lost)} lost, silence ${formatMs(findings.echoes.longestSilenceMs)}, added ${added}, ` +
    `read-only ${String(findings.writes.readOnly)}, none ${formatMs(holders.noneMs)}, two ${formatMs(holders.severalMs)}, ` +
    `slowest connect ${formatMs(findings.connects.slowestMs)}`
  );
}

function report(outcomes: ReadonlyMap<string, readonly Outcome[]>): string {
  const rows = [...outcomes].flatMap(([name, list]) => [
    row(
      `${name}: echoes lost`,
      list.map(({ findings }) => findings.echoes.lost),
    ),
    row(
      `${name}: longest silence, ms`,
      list.map(({ findings }) => findings.echoes.longestSilenceMs),
    ),
    row(
      `${name}: added outage, ms`,
      list.flatMap(({ outage }) => outage?.addedMs ?? []),
    ),
    row(
      `${name}: read-only answers`,
      list.map(({ findings }) => findings.writes.readOnly),
    ),
    row(
      `${name}: two holders, ms`,
      list.map(({ holders }) => holders.severalMs),
    ),
    row(
      `${name}: no holder, ms`,
      list.map(({ holders }) => holders.noneMs),
    ),
  ]);
  return table(["", "n", "median", "p95", "max"], rows);
}

function row(name: string, numbers: readonly number[]): string[] {
  const found = summarize(numbers);
  if (found === null) return [name, "0", "–", "–", "–"];
  return [name, String(found.n), ...[found.median, found.p95, found.max].map((value) => value.toFixed(1))];
}

/** CPU and memory of the agents while nothing happens. */
async function atRest(): Promise<void> {
  await sleep(3_000);
  const spanMs = 20_000;
  const before = stage.topology.nodes.map((node) => cpuMs(agents.processOn(node).pid));
  const startMs = nowMs();
  await sleep(spanMs);
  for (const [index, node] of stage.topology.nodes.entries()) {
    const { pid } = agents.processOn(node);
    const share = ((cpuMs(pid) - (before[index] ?? 0)) / (nowMs() - startMs)) * 100;
    console.log(`at rest, ${node.name}: ${share.toFixed(2)} % of a core, ${rssMb(pid).toFixed(1)} MB`);
  }
}

/** utime + stime of proc(5), in clock ticks of 10 ms. */
function cpuMs(pid: number): number {
  const fields =
    readFileSync(`/proc/${String(pid)}/stat`, "utf8")
      .split(") ")[1]
      ?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

function rssMb(pid: number): number {
  const status = readFileSync(`/proc/${String(pid)}/status`, "utf8");
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024;
}
