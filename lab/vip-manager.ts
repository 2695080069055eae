/** A program that keeps the VIP on the right node: pgvip itself (agents.ts), or one it is compared with. */
import type { Host } from "./host.js";
import type { LabProcess } from "./process.js";

export interface VipManager {
  readonly name: string;
  /** What is missing on this machine and how to get it; `null` when it can run. */
  missing(): Promise<string | null>;
  /** Writes its configuration and starts it. */
  start(node: Host): Promise<void>;
  /** SIGTERM, and waits for its end. */
  stop(node: Host): Promise<void>;
  /** SIGKILL for all of its processes. */
  kill(node: Host): Promise<void>;
  freeze(node: Host): Promise<void>;
  thaw(node: Host): Promise<void>;
  /** What runs on the node, without the children; for instance to read what it costs. */
  processes(node: Host): readonly LabProcess[];
}

/** A VIP manager that is one process per node, or one process with children. */
export abstract class ProcessVipManager implements VipManager {
  abstract readonly name: string;
  readonly #processes = new Map<string, LabProcess>();

  abstract missing(): Promise<string | null>;
  protected abstract launch(node: Host): LabProcess;

  start(node: Host): Promise<void> {
    if (this.#processes.get(node.name)?.running === true) throw new Error(`${this.name} already runs on ${node.name}`);
    this.#processes.set(node.name, this.launch(node));
    return Promise.resolve();
  }

  async stop(node: Host): Promise<void> {
    await this.processOn(node).stop();
  }

  async kill(node: Host): Promise<void> {
    await this.#signalAll(node, "SIGKILL");
    await this.processOn(node).exited;
  }

  freeze(node: Host): Promise<void> {
    return this.#signalAll(node, "SIGSTOP");
  }

  thaw(node: Host): Promise<void> {
    return this.#signalAll(node, "SIGCONT");
  }

  processes(node: Host): readonly LabProcess[] {
    return [this.processOn(node)];
  }

  processOn(node: Host): LabProcess {
    const found = this.#processes.get(node.name);
    if (found === undefined) throw new Error(`${this.name} was never started on ${node.name}`);
    return found;
  }

  async #signalAll(node: Host, signal: NodeJS.Signals): Promise<void> {
    const manager = this.processOn(node);
    // Children first would let the parent replace them.
    const family = [manager.pid, ...(await descendants(node, manager.pid))];
    if (manager.running) for (const pid of family) process.kill(pid, signal);
  }
}

async function descendants(node: Host, ancestor: number): Promise<number[]> {
  const { stdout } = await node.exec("ps", ["-e", "-o", "pid=,ppid="]);
  const processes = stdout
    .trim()
    .split("\n")
    .map((line) => line.trim().split(/ +/).map(Number));
  const childrenOf = (parent: number): number[] =>
    processes.filter(([, ppid]) => ppid === parent).flatMap(([pid = 0]) => [pid, ...childrenOf(pid)]);
  return childrenOf(ancestor);
}
