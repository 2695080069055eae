/**
 * `npm run demo`: a PostgreSQL cluster fails over and back, and its VIP with it, on a live screen.
 *
 * The default cluster is made of stand-ins and needs nothing but Node; `--real` runs PostgreSQL, Patroni and etcd.
 * Everything happens in network namespaces of its own and is gone afterwards, also after Ctrl-C.
 */
import { parseArgs } from "node:util";
import { PgvipAgents } from "./agents.js";
import type { Cluster, NodeStatus } from "./cluster.js";
import { PingLine } from "./demo/ping-line.js";
import { play, type TestResult } from "./demo/play.js";
import { openScreen, type Screen } from "./demo/screen.js";
import type { DemoView } from "./demo/view.js";
import { ArticleKeepalived } from "./keepalived.js";
import { formatMs, table } from "./measure.js";
import { type Backend, missingForLab } from "./preflight.js";
import { Scene, type ScenePart } from "./scene.js";
import { Stage } from "./stage.js";
import { type Topology, vip, vipCidr } from "./topology.js";
import type { VipManager } from "./vip-manager.js";
import { nowMs, sleep } from "./wait.js";
import type { HolderWatch } from "./watch.js";

const usage = `usage: npm run demo [-- --real] [-- --manager keepalived]

  --real                 PostgreSQL, Patroni and etcd instead of stand-ins
  --manager keepalived   the article's keepalived instead of pgvip, to compare`;

class Demo {
  readonly #backend: Backend;
  readonly #manager: VipManager;
  readonly #screen: Screen;
  readonly #notes: string[] = [];
  readonly #ping = new PingLine();
  readonly #statuses = new Map<string, NodeStatus>();
  readonly #startMs = nowMs();
  #topology: Topology | null = null;
  #watch: HolderWatch | null = null;

  constructor(backend: Backend, manager: VipManager) {
    this.#backend = backend;
    this.#manager = manager;
    this.#screen = openScreen(() => this.#view());
  }

  async run(): Promise<readonly TestResult[]> {
    this.#note(`making a lab: ${this.#backend === "postgres" ? "PostgreSQL, Patroni, etcd" : "stand-ins"}`);
    const scene = await Scene.open({ backend: this.#backend, onPart: (part) => this.#show(part) });
    const leader = await scene.cluster.leader();
    this.#note(`the cluster is up, ${leader} leads; ${this.#manager.name} starts on each node`);
    const stage = await Stage.on(scene, this.#manager, { onRecord: this.#ping.note.bind(this.#ping) });
    this.#note(`${leader} has ${vip}; a client pings it, connects and writes`);
    const audience = { note: this.#note.bind(this), testBegins: this.#ping.restart.bind(this.#ping) };
    return await play(stage, audience);
  }

  /** For the report of a failure. */
  async logTails(): Promise<string> {
    return (await this.#topology?.lab.logTails()) ?? "";
  }

  /** Leaves nothing behind. Idempotent. */
  async close(): Promise<void> {
    this.#screen.close();
    await this.#topology?.lab.close();
  }

  #note(text: string): void {
    const line = `${((nowMs() - this.#startMs) / 1000).toFixed(1).padStart(5)} s  ${text}`;
    this.#notes.push(line);
    this.#screen.note(line);
  }

  #show(part: ScenePart): void {
    switch (part.kind) {
      case "topology":
        this.#topology = part.topology;
        return;
      case "watch":
        this.#watch = part.watch;
        return;
      case "cluster":
        void this.#followPatroni(part.cluster);
        return;
    }
  }

  async #followPatroni(cluster: Cluster): Promise<never> {
    for (;;) {
      for (const { name } of cluster.nodes) this.#statuses.set(name, await cluster.status(name));
      await sleep(100);
    }
  }

  #view(): DemoView {
    const holders = this.#watch?.holders ?? [];
    const nodes = (this.#topology?.nodes ?? []).map(({ name, address }) => ({
      name,
      address,
      patroni: describe(this.#statuses.get(name)),
      hasVip: holders.includes(name),
    }));
    const title = `${this.#manager.name} keeps ${vipCidr} on the leader of a PostgreSQL cluster`;
    return { title, vip, nodes, ping: this.#ping.view, notes: this.#notes };
  }
}

function describe(status: NodeStatus | undefined): string {
  if (status === undefined) return "";
  if (status.kind === "silent") return "no answer";
  return `${status.leader ? "leader" : "replica"}, ${status.state}`;
}

/** A column for each test: so it fits a terminal of 80. */
function resultTable(results: readonly TestResult[]): string {
  const measures: [string, (result: TestResult) => string][] = [
    ["echoes lost", ({ findings }) => String(findings.echoes.lost)],
    ["longest silence", ({ findings }) => formatMs(findings.echoes.longestSilenceMs)],
    ["write outage", ({ findings }) => formatMs(findings.writes.longestGapMs)],
    ["added by the VIP", ({ outage }) => formatMs(outage?.addedMs ?? null)],
    ["read-only answers", ({ findings }) => String(findings.writes.readOnly)],
    ["two holders", ({ holders }) => formatMs(holders.severalMs)],
  ];
  const rows = measures.map(([name, of]) => [name, ...results.map(of)]);
  return table(["", ...results.map(({ name }) => name)], rows);
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      real: { type: "boolean", default: false },
      manager: { type: "string", default: "pgvip" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help || !["pgvip", "keepalived"].includes(values.manager)) {
    console.log(usage);
    return values.help ? 0 : 2;
  }
  const backend = values.real ? "postgres" : "stand-in";
  const manager = values.manager === "pgvip" ? new PgvipAgents({ vips: [vipCidr] }) : new ArticleKeepalived();
  const missing = [...missingForLab(backend), await manager.missing()].filter((line) => line !== null);
  if (missing.length > 0) {
    console.error(missing.join("\n"));
    return 2;
  }

  const demo = new Demo(backend, manager);
  const interrupt = new AbortController();
  for (const [signal, code] of [
    ["SIGINT", 130],
    ["SIGTERM", 143],
    ["SIGHUP", 129],
  ] as const) {
    process.once(signal, () => {
      interrupt.abort();
      void demo.close().finally(() => process.exit(code));
    });
  }
  try {
    const results = await demo.run();
    await demo.close();
    console.log(`\n${resultTable(results)}`);
    console.log("\nOf the write outage, all but what the VIP added is PostgreSQL's and Patroni's own part.");
    return 0;
  } catch (error) {
    // A lab that is being taken down under the running script fails in many ways; the signal's handler ends the program.
    if (interrupt.signal.aborted) return await new Promise<never>(() => undefined);
    console.error(await demo.logTails());
    throw error;
  } finally {
    await demo.close();
  }
}

process.exit(await main());
