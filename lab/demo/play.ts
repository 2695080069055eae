/**
 * The article's script: test 1 stops Patroni on the leader, test 2 fails back, and after each a client connects through
 * the VIP. Everything is measured from the client.
 */
import { formatMs } from "../measure.js";
import { labProgram } from "../process.js";
import type { Outcome, Stage } from "../stage.js";
import { vip } from "../topology.js";

export interface TestResult extends Outcome {
  readonly name: string;
}

/** What the audience is told on the way. */
export interface Audience {
  note(text: string): void;
  /** A measurement begins. */
  testBegins(): void;
}

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
  const outcome = await stage.measure(
    () => {
      audience.testBegins();
      audience.note(`${test}: Patroni is stopped on the leader, ${leader}`);
      return stage.cluster.stopPatroni(leader);
    },
    () => stage.moved(leader),
  );
  const { outage, breakMs, findings, leader: successor } = outcome;
  if (outage === null) throw new Error(`${test}: ${successor} took no write through the VIP`);
  audience.note(
    `${test}: ${successor} took its first write ${formatMs(outage.possibleMs - breakMs)} after the order, ` +
      `through the VIP ${formatMs(outage.addedMs)} later; ${findings.echoes.lost} echoes lost`,
  );
  return { name: `${test}: ${leader} → ${successor}`, ...outcome };
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
