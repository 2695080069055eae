/** Runs the probe (probe/program.ts) on a client host and collects its records. */
import type { WriteProtocol } from "./cluster.js";
import type { Host } from "./host.js";
import { parseLine } from "./json-lines.js";
import {
  type Attention,
  type Cadence,
  echoTimeoutMs,
  probeRecord,
  type ProbeRecord,
  type ProbeSettings,
} from "./probe/records.js";
import { atOnce } from "./priority.js";
import { labProgram, type LabProcess } from "./process.js";
import { nowMs, sleep, until } from "./wait.js";

/** What is written to besides the VIP: a `Cluster`, or less. */
export interface ProbedCluster {
  readonly writeProtocol: WriteProtocol;
  readonly nodes: readonly { readonly name: string; readonly address: string; readonly ttl: number }[];
}

export interface ProberOptions {
  readonly echo?: Cadence;
  readonly connect?: Cadence;
  readonly write?: Cadence;
  readonly sessions?: ProbeSettings["sessions"];
  readonly patroniEveryMs?: number;
  /** Called with each record as it comes. */
  readonly onRecord?: (record: ProbeRecord) => void;
}

export class Prober {
  readonly #process: LabProcess;
  readonly #records: ProbeRecord[] = [];

  /** Resolves when the first echoes and writes are under way. */
  static async start(client: Host, vip: string, cluster: ProbedCluster, options: ProberOptions = {}): Promise<Prober> {
    const prober = new Prober(
      client,
      {
        vip,
        echo: options.echo ?? { calmMs: 10, closeMs: 10 },
        connect: options.connect ?? { calmMs: 50, closeMs: 20 },
        write: options.write ?? { calmMs: 100, closeMs: 2 },
        sessions: options.sessions ?? { count: 0, everyMs: 100 },
        patroniEveryMs: options.patroniEveryMs ?? null,
        protocol: cluster.writeProtocol,
        nodes: cluster.nodes.map(({ name, address, ttl }) => ({ name, address, ttl })),
      },
      options.onRecord,
    );
    await until("the probe is ready", () => prober.#ready());
    return prober;
  }

  private constructor(client: Host, settings: ProbeSettings, onRecord?: (record: ProbeRecord) => void) {
    const [command, args] = labProgram("probe/program.ts", [JSON.stringify(settings)]);
    // Or it would measure its own waiting (up to 20 ms while a server is promoted). It wants little.
    this.#process = client.spawnPiped(...atOnce(command, args), { log: "probe" });
    this.#process.onLine((line) => {
      const record = parseLine(probeRecord, line);
      this.#records.push(record);
      onRecord?.(record);
    });
  }

  /** All records so far, in the order in which they were settled. */
  get records(): readonly ProbeRecord[] {
    return this.#records;
  }

  /** Close attention tries what fails more often, to see sharply when that ends. */
  attend(attention: Attention): void {
    this.#process.writeLine(JSON.stringify({ attention }));
  }

  /** Waits until the fate of every echo sent before `untilMs` is known. Returns the records. */
  async settled(untilMs = nowMs()): Promise<readonly ProbeRecord[]> {
    await sleep(untilMs + echoTimeoutMs + 100 - nowMs());
    return this.#records;
  }

  async close(): Promise<void> {
    await this.#process.stop();
  }

  /** For a probe on a host that may have been stopped or killed meanwhile. */
  async kill(): Promise<void> {
    await this.#process.kill();
  }

  #ready(): boolean {
    if (!this.#process.running) throw new Error("the probe ended; see probe.log in the directory of its host");
    return this.#records.some((record) => record.kind === "ready");
  }
}
