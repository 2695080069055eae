/**
 * How long a replica VIP is without a holder when its holder is lost, with adverts each 10 ms. Three stand-ins of
 * Patroni: the first leads, the other two may have the VIP.
 *
 * The clock runs from the loss to the address on the other node, and tells for how long both had it.
 */
import { writeFileSync } from "node:fs";
import { PgvipAgents } from "../../lab/agents.js";
import { Scene } from "../../lab/scene.js";
import { StandInCluster } from "../../lab/stand-in-cluster.js";
import { vip, vipCidr } from "../../lab/topology.js";
import { nowMs, sleep, until } from "../../lab/wait.js";

/** A way to lose the holder, and to have it back. */
export interface Loss {
  readonly name: string;
  readonly lose: (cluster: StandInCluster, node: string) => Promise<void> | void;
  readonly mend: (cluster: StandInCluster, node: string) => Promise<void> | void;
}

export interface Round {
  readonly emptyMs: number;
  readonly overlapMs: number;
}

export const cablePulled: Loss = {
  name: "cable pulled",
  lose: (cluster, node) => cluster.node(node).linkDown(),
  mend: (cluster, node) => cluster.node(node).linkUp(),
};

export const frozen: Loss = {
  name: "frozen with all its processes",
  lose: (cluster, node) => cluster.node(node).freezeAll(),
  mend: (cluster, node) => cluster.node(node).thawAll(),
};

export const notEligible: Loss = {
  name: "no replica any more (its Patroni says so)",
  lose: (cluster, node) => {
    cluster.lie(node, "primary");
  },
  mend: (cluster, node) => {
    cluster.lie(node, "replica");
  },
};

/** A node that is back takes part in the election again, and knows who won it. */
const settleMs = 1_500;

const group = `{ address: ${vipCidr}, router_id: 51, role: replica, advert_interval: 10ms }`;

/** So many rounds of each loss, in turns. When one fails, the ends of all logs are told before the error. */
export async function electionRounds(
  losses: readonly Loss[],
  count: number,
  progress: (text: string) => void,
): Promise<ReadonlyMap<Loss, readonly Round[]>> {
  const scene = await Scene.open({ backend: "stand-in", nodes: 3 });
  try {
    const { cluster, topology } = scene;
    if (!(cluster instanceof StandInCluster)) throw new Error("only stand-ins change their roles at an order");
    const file = `${topology.lab.directory}/election.yml`;
    writeFileSync(file, `vips:\n  - ${group}\n`);
    const agents = new PgvipAgents({ vips: [], extra: ["--config", file] });
    for (const node of topology.nodes) await agents.start(node);
    const found = new Map<Loss, Round[]>(losses.map((loss) => [loss, []]));
    for (let number = 1; number <= count; number += 1) {
      for (const [loss, rounds] of found) rounds.push(await round(scene, cluster, loss));
      if (number % 5 === 0) progress(`${String(number)} of ${String(count)}`);
    }
    return found;
  } catch (error) {
    progress(await scene.topology.lab.logTails(10));
    throw error;
  } finally {
    await scene.close();
  }
}

async function round({ watch }: Scene, cluster: StandInCluster, { lose, mend }: Loss): Promise<Round> {
  const holder = await until("one node has the VIP", () => {
    const [first, ...others] = watch.holders;
    return first === undefined || others.length > 0 ? null : first;
  });
  // Adverts and polls must not keep step with the rounds.
  await sleep(settleMs + 200 * Math.random());
  const lostMs = nowMs();
  await lose(cluster, holder);
  const taken = await until(
    `another node has ${vip}`,
    () => watch.changes.find(({ atMs, host, has }) => has && host !== holder && atMs >= lostMs) ?? null,
    { everyMs: 2 },
  );
  const gone = (): number | undefined =>
    watch.changes.find(({ atMs, host, has }) => !has && host === holder && atMs >= lostMs)?.atMs;
  // A node that stands still loses its address by the kernel's lease, and only then may it go on.
  const goneMs = await until(`${holder} has it no longer`, () => gone() ?? null);
  await mend(cluster, holder);
  return { emptyMs: taken.atMs - lostMs, overlapMs: Math.max(0, goneMs - taken.atMs) };
}
