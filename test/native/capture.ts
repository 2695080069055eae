/** What really is on the wire of a host, in the order in which it came: tcpdump, line by line. */
import { readFileSync } from "node:fs";
import type { Host } from "../../lab/host.js";
import type { LabProcess } from "../../lab/process.js";
import { until } from "../../lab/wait.js";

export class Capture {
  readonly lines: string[] = [];
  readonly #process: LabProcess;

  /** Returns when packets are being captured. */
  static async start(host: Host, filter: string): Promise<Capture> {
    const log = `tcpdump-${++captures}`;
    const capture = new Capture(host.spawnPiped("tcpdump", ["-l", "-n", "-t", "-i", "eth0", filter], { log }));
    await until("tcpdump listens", () => readFileSync(`${host.directory}/${log}.log`, "utf8").includes("listening on"));
    return capture;
  }

  private constructor(process: LabProcess) {
    this.#process = process;
    process.onLine((line) => this.lines.push(line));
  }

  async close(): Promise<void> {
    await this.#process.kill();
  }
}

let captures = 0;
