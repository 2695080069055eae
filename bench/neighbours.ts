/** The client's neighbour entry for one address, whenever it changes: `ip monitor`, told on the monotonic clock. */
import type { Host } from "../lab/host.js";
import type { LabProcess } from "../lab/process.js";
import { nowMs, until } from "../lab/wait.js";
import { netlinkListens } from "../lab/watch.js";
import { wallClockOffsetMs } from "./capture.js";
import type { NeighbourChange } from "./results.js";

export class Neighbours {
  readonly #process: LabProcess;
  readonly #address: string;
  readonly #lines: string[] = [];
  /** What the entry was before anything was heard. */
  #first: NeighbourChange | null = null;

  /** Resolves when nothing is missed any more. */
  static async start(host: Host, address: string): Promise<Neighbours> {
    const neighbours = new Neighbours(host, address);
    await until("the neighbour monitor listens", () => netlinkListens(neighbours.#process.pid));
    const { stdout } = await host.exec("ip", ["-o", "neighbour", "show", address]);
    neighbours.#first = { atMs: nowMs(), ...(readEntry(`${address} ${stdout}`) ?? nobody) };
    return neighbours;
  }

  private constructor(host: Host, address: string) {
    this.#address = address;
    this.#process = host.spawnPiped("ip", ["-ts", "-o", "monitor", "neigh"], { log: "neighbours" });
    this.#process.onLine((line) => this.#lines.push(line));
  }

  /** Ends the watch. The first entry is the one that was there when it began. */
  async stop(): Promise<readonly NeighbourChange[]> {
    await this.#process.kill();
    const offsetMs = wallClockOffsetMs();
    const heard = this.#lines.flatMap((line) => parseNeighbour(line, this.#address, offsetMs) ?? []);
    return [...(this.#first === null ? [] : [this.#first]), ...heard].sort((a, b) => a.atMs - b.atMs);
  }
}

const nobody = { mac: null, state: "NONE" };

/** `offsetMs`: monotonic clock minus wall clock. `null`: about another address, or nothing of the kind. */
export function parseNeighbour(line: string, address: string, offsetMs: number): NeighbourChange | null {
  const [, whole = "", fraction = "", deleted, entry = ""] = /^\[([^\].]+)\.(\d+)\] *(Deleted )?(.*)$/.exec(line) ?? [];
  if (!entry.startsWith(`${address} `)) return null;
  const found = deleted === undefined ? readEntry(entry) : nobody;
  // The stamp has no zone: it is local time, as Date takes it.
  const atMs = new Date(whole).getTime() + Number(`0.${fraction}`) * 1000 + offsetMs;
  return found === null ? null : { atMs, ...found };
}

/** An address that is being asked for, or that nobody answers for, has no MAC that frames could go to. */
function readEntry(text: string): Omit<NeighbourChange, "atMs"> | null {
  const state = /\b(NONE|INCOMPLETE|REACHABLE|STALE|DELAY|PROBE|FAILED|NOARP|PERMANENT)\b/.exec(text)?.[1];
  if (state === undefined) return null;
  return { mac: /lladdr ([0-9a-f:]{17})/.exec(text)?.[1] ?? null, state };
}
