/**
 * Ends labs. One shell script does the work for all three occasions: the driver closes its lab, the driver dies (the
 * script waits on a pipe that only the driver holds), or a later driver finds what an earlier one left behind.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { command } from "./command.js";

const script = fileURLToPath(new URL("sweep.sh", import.meta.url));
const labPattern = /^(pgvip(\d+)-\d+)(?:-|$)/;

/** Where a lab keeps its files. Short and fixed: unix socket paths below it must fit 107 bytes. */
export function labDirectory(lab: string): string {
  return `/tmp/${lab}`;
}

/** When the process was started, in clock ticks since boot: tells a driver from a later process with its pid. */
export function processStart(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? null;
  } catch {
    return null;
  }
}

/** Removes the lab as soon as this process closes it or is gone, however that happens. */
export class Watchdog {
  readonly #child: ChildProcess;

  constructor(lab: string) {
    // Its own session: Ctrl-C in the driver's terminal must not end the one who cleans up.
    this.#child = spawn("sh", [script, lab, "--wait"], { stdio: ["pipe", "ignore", "ignore"], detached: true });
    this.#child.unref();
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Resolves when the lab is gone. Idempotent. */
  async sweep(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, "exit");
    this.#child.ref();
    this.#child.stdin?.end();
    await exited;
  }
}

/** Removes the labs whose driver is gone; labs of living drivers stay. Returns the names of those removed. */
export async function sweepStaleLabs(): Promise<string[]> {
  const stale = existingLabs().filter((lab) => !driverLives(lab));
  for (const lab of stale) await command("sh", [script, lab]);
  return stale;
}

/** Labs of which a namespace or a directory is left. */
export function existingLabs(): string[] {
  const labs = new Set<string>();
  for (const directory of ["/run/netns", "/tmp"]) {
    for (const entry of listed(directory)) {
      const lab = labPattern.exec(entry)?.[1];
      if (lab !== undefined) labs.add(lab);
    }
  }
  return [...labs].sort();
}

function driverLives(lab: string): boolean {
  const start = processStart(Number(labPattern.exec(lab)?.[2]));
  if (start === null) return false;
  try {
    return readFileSync(`${labDirectory(lab)}/driver`, "utf8") === start;
  } catch {
    // The driver may just be making its lab: a living process with that pid gets the benefit of the doubt.
    return true;
  }
}

function listed(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}
