/**
 * `npm run bench:push [-- N]`: what a hint from Patroni's callback gains over polling. Stand-ins of Patroni exchange their roles,
 * and the clock runs from the order to the VIP on the other node's interface: N times (50 by default) each, in turns, with
 * and without a hint, and with and without a warning.
 *
 * With a warning the old leader loses its role 200 to 400 ms before: its adverts say so, and the standby polls each 10 ms.
 * Without one both change at the same moment. A hint is packaging/patroni-callback.sh, run by a shell as Patroni runs it.
 */
import { fileURLToPath } from "node:url";
import { PgvipAgents } from "../lab/agents.js";
import { table } from "../lab/measure.js";
import type { LabProcess } from "../lab/process.js";
import { Scene } from "../lab/scene.js";
import { StandInCluster } from "../lab/stand-in-cluster.js";
import { vipCidr } from "../lab/topology.js";
import { nowMs, sleep, until } from "../lab/wait.js";
import type { HolderChange } from "../lab/watch.js";
import { roundCount } from "./round-count.js";
import { percentile } from "./statistics.js";

interface Manner {
  readonly name: string;
  readonly warned: boolean;
  readonly hinted: boolean;
}

const manners: readonly Manner[] = [
  { name: "no warning, polling each 100 ms", warned: false, hinted: false },
  { name: "no warning, hint", warned: false, hinted: true },
  { name: "warned, polling each 10 ms", warned: true, hinted: false },
  { name: "warned, hint", warned: true, hinted: true },
];

const callback = fileURLToPath(new URL("../packaging/patroni-callback.sh", import.meta.url));
const calmMs = 1_500;

async function main(count: number): Promise<void> {
  const scene = await Scene.open({ backend: "stand-in" });
  try {
    const { cluster, topology, watch } = scene;
    if (!(cluster instanceof StandInCluster)) throw new Error("only stand-ins change their roles at an order");
    const agents = new PgvipAgents({ vips: [vipCidr] });
    for (const node of topology.nodes) await agents.start(node);
    let from = await cluster.leader();
    await watch.holder(from);
    // Waiting shells: what is measured begins with the callback, as it does when Patroni starts one.
    const shells = new Map<string, LabProcess>();
    for (const node of topology.nodes) {
      const env = { PGVIP_NOTIFY_FIFO: `${node.directory}/notify` };
      const loop = `while read -r line; do sh ${callback}; done`;
      shells.set(node.name, node.spawnPiped("sh", ["-c", loop], { log: "callback", env }));
    }
    const found = new Map<Manner, number[]>(manners.map((manner) => [manner, []]));
    for (let round = 1; round <= count; round += 1) {
      for (const [manner, values] of found) {
        const to = scene.otherThan(from);
        values.push(await flip({ cluster, watch }, { from, to, manner, hint: () => shells.get(to)?.writeLine("") }));
        from = to;
      }
      if (round % 10 === 0) console.error(`${round} of ${count}`);
    }
    console.log(`From the role in Patroni to the VIP on the interface, ms, n = ${count} each`);
    console.log(
      table(
        ["", "median", "p95", "longest"],
        [...found].map(([{ name }, values]) => row(name, values)),
      ),
    );
  } finally {
    await scene.close();
  }
}

interface Flip {
  readonly from: string;
  readonly to: string;
  readonly manner: Manner;
  readonly hint: () => void;
}

async function flip(
  { cluster, watch }: { readonly cluster: StandInCluster; readonly watch: Scene["watch"] },
  { from, to, manner, hint }: Flip,
): Promise<number> {
  // Polls must not keep step with the rounds.
  await sleep(calmMs + 200 * Math.random());
  cluster.lie(from, "replica");
  if (manner.warned) await sleep(200 + 200 * Math.random());
  const eligibleMs = nowMs();
  cluster.lie(to, "primary");
  if (manner.hinted) hint();
  await watch.holder(to);
  const isTaken = ({ atMs, host, has }: HolderChange): boolean => has && host === to && atMs >= eligibleMs;
  const added = await until("the address", () => watch.changes.find(isTaken) ?? null);
  return added.atMs - eligibleMs;
}

function row(name: string, values: readonly number[]): string[] {
  return [name, ...[0.5, 0.95, 1].map((share) => percentile(values, share).toFixed(1))];
}

await main(roundCount("npm run bench:push", 50));
