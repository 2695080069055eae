/**
 * The article's script: test 1 stops Patroni on the leader, test 2 fails back, and after each a client connects through
 * the VIP. Everything is measured from the client.
 */
import type { Cluster } from "../cluster.js";
import { addedOutage, type AddedOutage, type Findings, findings } from "../findings.js";
import { formatMs } from "../measure.js";
import { labProgram } from "../process.js";
import type { Prober } from "../prober.js";
import { type Topology, vip } from "../topology.js";
import { nowMs, sleep, until } from "../wait.js";
import { type HolderTimes, holderTimes, type HolderWatch } from "../watch.js";

export interface Stage {
  readonly topology: Topology;
  readonly cluster: Cluster;
  readonly watch: HolderWatch;
  readonly prober: Prober;
}

export interface TestResult {
  readonly name: string;
  readonly findings: Findings;
  readonly outage: AddedOutage;
  readonly holders: HolderTimes;
}

/** What the audience is told on the way. */
export interface Audience {
  note(text: string): void;
  /** A measurement begins. */
  testBegins(): void;
}

/** Before and after each test, so that it has a calm beginning and end. */
const calmMs = 1500;

export async function play(stage: Stage, audience: Audience): Promise<TestResult[]> {
  const { cluster } = stage;
  const first = await cluster.leader();
  const test1 = await stopLeader(stage, audience, "test 1", first);
  await connectionTest(stage, audience);

  audience.note(`test 2 prepares: Patroni starts again on ${first}`);
  await cluster.startPatroni(first);
  const second = await cluster.waitHealthy();
  audience.note(`${first} streams from ${second}`);
  const test2 = await stopLeader(stage, audience, "test 2", second);
  await connectionTest(stage, audience);
  return [test1, test2];
}

async function stopLeader(stage: Stage, audience: Audience, test: string, leader: string): Promise<TestResult> {
  const { cluster, watch, prober } = stage;
  await sleep(calmMs);
  audience.testBegins();
  audience.note(`${test}: Patroni is stopped on the leader, ${leader}`);
  const breakMs = nowMs();
  await cluster.stopPatroni(leader);
  const successor = await cluster.leader();
  await watch.holder(successor);
  const outage = await until("a write through the VIP", () => addedOutage(prober.records, breakMs, successor));
  await sleep(calmMs);
  const span = { fromMs: breakMs, toMs: nowMs() };
  const found = findings(await prober.settled(span.toMs), span);
  audience.note(
    `${test}: ${successor} took its first write ${formatMs(outage.possibleMs - breakMs)} after the order, ` +
      `through the VIP ${formatMs(outage.addedMs)} later; ${found.echoes.lost} echoes lost`,
  );
  const holders = holderTimes(watch.changes, span.fromMs, span.toMs);
  return { name: `${test}: ${leader} → ${successor}`, findings: found, outage, holders };
}

async function connectionTest({ topology, cluster }: Stage, audience: Audience): Promise<void> {
  const [command, args] = cluster.writeProtocol === "postgres" ? psql : labProgram("stand-in/client.ts", [vip]);
  const { code, stdout, stderr } = await topology.client.exec(command, args, { timeoutMs: 15_000 });
  if (code !== 0) throw new Error(`the connection test failed: ${stdout}${stderr}`);
  for (const line of stdout.trim().split("\n")) audience.note(`connection test: ${line}`);
}

const whoAnswered = "SELECT 'answered by ' || current_setting('lab.node')";
const psql: [string, string[]] = [
  "psql",
  ["-U", "postgres", "-h", vip, "-p", "5432", "postgres", "-At", "-c", "\\conninfo", "-c", whoAnswered],
];
