/** The probe's own error: what it sees of a primary to which nothing happens, on that node's own address. */
import { type Findings, findings } from "../lab/findings.js";
import { Prober, type ProberOptions } from "../lab/prober.js";
import type { Scene } from "../lab/scene.js";
import { nowMs, sleep } from "../lab/wait.js";
import type { Calm } from "./results.js";

/** Its first connections and sessions are under way. */
const settleMs = 500;

/** The same probe that rounds are measured with, as attentive as it is there. */
export async function measureCalm({ cluster, topology }: Scene, probe: ProberOptions, seconds: number): Promise<Calm> {
  const { address } = cluster.node(await cluster.leader());
  const prober = await Prober.start(topology.client, address, cluster, probe);
  try {
    prober.attend("close");
    await sleep(settleMs);
    const fromMs = nowMs();
    await sleep(seconds * 1000);
    const toMs = nowMs();
    return calmOf(findings(await prober.settled(toMs), { fromMs, toMs }), seconds);
  } finally {
    await prober.close();
  }
}

function calmOf({ echoes, connects, writes }: Findings, seconds: number): Calm {
  return {
    seconds,
    longestSilenceMs: echoes.longestSilenceMs,
    lost: echoes.lost,
    slowestConnectMs: connects.slowestMs,
    longestWriteGapMs: writes.longestGapMs,
  };
}
