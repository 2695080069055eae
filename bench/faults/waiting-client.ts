/** Runs a client that waits on an open session (lab/probe/waiting.ts), to see when it learns that the session is over. */
import type { WriteProtocol } from "../../lab/cluster.js";
import type { Host } from "../../lab/host.js";
import { parseLine } from "../../lab/json-lines.js";
import { waitingRecord } from "../../lab/probe/records.js";
import { labProgram, type LabProcess } from "../../lab/process.js";
import { until } from "../../lab/wait.js";

export class WaitingClient {
  readonly #process: LabProcess;
  #connected = false;
  #endedMs: number | null = null;

  /** Resolves when it has sent its statement and waits. */
  static async start(client: Host, address: string, protocol: WriteProtocol): Promise<WaitingClient> {
    const waiting = new WaitingClient(client, address, protocol);
    await until("a client waits on an open session", () => waiting.#connected);
    return waiting;
  }

  private constructor(client: Host, address: string, protocol: WriteProtocol) {
    const [command, args] = labProgram("probe/waiting.ts", [address, protocol]);
    this.#process = client.spawnPiped(command, args, { log: "waiting" });
    this.#process.onLine((line) => {
      const { kind, atMs } = parseLine(waitingRecord, line);
      if (kind === "connected") this.#connected = true;
      else this.#endedMs = atMs;
    });
  }

  /** When it learnt that its session is over; `null`: it still waits. */
  get endedMs(): number | null {
    return this.#endedMs;
  }

  async close(): Promise<void> {
    await this.#process.kill();
  }
}
