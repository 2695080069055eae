/** Records what a host sends and receives about VRRP and its neighbours, for another program to judge. */
import { existsSync, readFileSync, statSync } from "node:fs";
import type { Host } from "./host.js";
import type { LabProcess } from "./process.js";
import { sleep, until } from "./wait.js";

export class Capture {
  readonly file: string;
  readonly #process: LabProcess;

  static async start(host: Host, filter: string): Promise<Capture> {
    const file = `${host.directory}/capture.pcap`;
    const args = ["-i", "eth0", "-n", "-U", "--immediate-mode", "-Z", "root", "-w", file, filter];
    const process = host.spawn("tcpdump", args, { log: "tcpdump" });
    const log = `${host.directory}/tcpdump.log`;
    await until("tcpdump listens", () => existsSync(log) && readFileSync(log, "utf8").includes("listening on"));
    return new Capture(file, process);
  }

  private constructor(file: string, process: LabProcess) {
    this.file = file;
    this.#process = process;
  }

  /** Ends it when what has been sent so far is in the file. */
  async stop(): Promise<void> {
    // Packets are written as they come; the file grows as long as the kernel still hands some over. It never stops to grow
    // where adverts come each 100 ms: after a second what was sent before is there.
    let size = -1;
    for (let round = 0; round < 10 && size !== statSync(this.file).size; round += 1) {
      size = statSync(this.file).size;
      await sleep(100);
    }
    await this.#process.stop("SIGINT");
  }
}
