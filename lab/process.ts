/** A long-running process of a host: started, talked to and ended by its own pid. */
import type { ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export class LabProcess {
  readonly command: string;
  readonly exited: Promise<Exit>;
  readonly #child: ChildProcess;
  #exit: Exit | null = null;

  constructor(command: string, child: ChildProcess) {
    this.command = command;
    this.#child = child;
    this.exited = new Promise((resolve) => {
      const ended = (exit: Exit): void => {
        this.#exit = exit;
        resolve(exit);
      };
      child.once("exit", (code, signal) => {
        ended({ code, signal });
      });
      child.once("error", () => {
        ended({ code: 127, signal: null });
      });
    });
    // Its reader may be killed at any moment; `exited` tells.
    child.stdin?.on("error", () => undefined);
  }

  get pid(): number {
    const pid = this.#child.pid;
    if (pid === undefined) throw new Error(`${this.command} was not started`);
    return pid;
  }

  /** How it ended; `null` while it runs. */
  get exit(): Exit | null {
    return this.#exit;
  }

  get running(): boolean {
    return this.#exit === null;
  }

  /** Does nothing once the process is gone. */
  signal(signal: NodeJS.Signals): void {
    if (this.running) this.#child.kill(signal);
  }

  /** Asks it to end and waits; a process that does not end in time is killed, and that is an error. */
  async stop(signal: NodeJS.Signals = "SIGTERM", timeoutMs = 10_000): Promise<Exit> {
    if (this.#exit !== null) return this.#exit;
    this.signal(signal);
    const timer = setTimeout(() => this.signal("SIGKILL"), timeoutMs);
    const exit = await this.exited;
    clearTimeout(timer);
    if (exit.signal === "SIGKILL") throw new Error(`${this.command} did not end ${timeoutMs} ms after ${signal}`);
    return exit;
  }

  /** Kills it and waits until it is gone. */
  async kill(): Promise<void> {
    this.signal("SIGKILL");
    await this.exited;
  }

  /** Lines of its standard output (piped processes only). */
  onLine(callback: (line: string) => void): void {
    if (this.#child.stdout === null) throw new Error(`${this.command} was not started with pipes`);
    createInterface({ input: this.#child.stdout }).on("line", callback);
  }

  /** One line to its standard input (piped processes only). */
  writeLine(line: string): void {
    if (this.#child.stdin === null) throw new Error(`${this.command} was not started with pipes`);
    this.#child.stdin.write(line + "\n");
  }
}

/** Command line that runs one of the lab's own TypeScript programs, from whatever directory. */
export function labProgram(file: string, args: readonly string[] = []): [command: string, args: string[]] {
  const path = fileURLToPath(new URL(file, import.meta.url));
  return [process.execPath, ["--import", import.meta.resolve("tsx"), path, ...args]];
}
