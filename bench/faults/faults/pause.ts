/** Patroni in maintenance mode ("pause"): nothing is promoted or demoted by itself, and PostgreSQL outlives Patroni. */
import { sleep, until } from "../../../lab/wait.js";
import * as v from "valibot";
import type { Fault, Plot } from "../fault.js";
import { untouched } from "./bounds.js";

const pauseFlag = v.object({ pause: v.optional(v.boolean(), false) });

export const pauseFaults: readonly Fault[] = [
  {
    name: "pause-restart",
    about: "in pause, Patroni on the leader is stopped in order and started again after 5 s",
    backend: "postgres",
    act: (plot) => inPause(plot, () => restart(plot, 5_000)),
    bounds: untouched,
  },
  {
    name: "pause-stopped",
    about: "in pause, Patroni on the leader is stopped in order for 30 s; PostgreSQL goes on as primary",
    backend: "postgres",
    act: (plot) => inPause(plot, () => restart(plot, 30_000)),
    bounds: [
      { measure: "gone", atLeast: 5_000 },
      { measure: "bothWritable", atMost: 0 },
    ],
  },
  {
    name: "pause-dcs-down",
    about: "in pause, the DCS is frozen for 40 s; PostgreSQL goes on as primary",
    backend: "postgres",
    act: (plot) =>
      inPause(plot, async () => {
        plot.stage.cluster.freezeDcs();
        await sleep(40_000);
        plot.stage.cluster.thawDcs();
        plot.mark("mended");
        await plot.stage.cluster.leader();
        await sleep(5_000);
      }),
    bounds: [{ measure: "bothWritable", atMost: 0 }],
  },
];

async function restart({ stage, leader, mark }: Plot, afterMs: number): Promise<void> {
  await stage.cluster.stopPatroni(leader);
  await sleep(afterMs);
  await stage.cluster.startPatroni(leader);
  mark("mended");
  await stage.cluster.leader();
  await sleep(5_000);
}

/** Both members have seen the pause before anything happens, and its end before the next fault. */
async function inPause(plot: Plot, act: () => Promise<void>): Promise<void> {
  await setPause(plot, true);
  try {
    await act();
  } finally {
    await setPause(plot, false);
  }
}

async function setPause({ stage }: Plot, pause: boolean): Promise<void> {
  const { cluster } = stage;
  const node = await cluster.leader();
  const reply = await cluster.ask(node, "PATCH", "/config", { body: JSON.stringify({ pause }), timeoutMs: 10_000 });
  if (reply.kind !== "answered" || reply.status !== 200) throw new Error(`pause: ${JSON.stringify(reply)}`);
  for (const { name } of cluster.nodes) {
    await until(`${name} knows that the cluster is ${pause ? "paused" : "resumed"}`, async () => {
      const status = await cluster.ask(name, "GET", "/patroni");
      return status.kind === "answered" && v.parse(pauseFlag, JSON.parse(status.body)).pause === pause;
    });
  }
}
