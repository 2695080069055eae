/**
 * When PostgreSQL on this host ends its recovery, and from then on takes writes: its control file says so, where the agent may
 * read that, and some milliseconds later its startup process ends. The network thread sees both at once, while Patroni, asked
 * just then, answers 5 to 30 ms later (docs/adr/0017).
 *
 * Only a means to know earlier what Patroni says anyway: where the process cannot be found for sure, nothing is told.
 */
import { readFileSync, readdirSync, readlinkSync } from "node:fs";
import { inProduction, openControlFile } from "./control-file.js";
import type { Orders } from "./orders.js";

/** Longer than any wait for a promotion; then Patroni's word counts alone. */
const PATIENCE_MS = 60_000;

/**
 * The title of a startup process, whose beginning PostgreSQL writes even with `update_process_title = off`:
 * `postgres: startup`, `postgres: demo: startup recovering 000000010000000000000003`.
 */
const STARTUP_TITLE = /^postgres: (?:.*: )?startup(?: (?:recovering|waiting for) .*)?\s*$/;

/**
 * Resolves with true at the end of the recovery that the server on `port` is in, and with false when that cannot be told, or
 * has not come after a minute; `null` when it is in none, or cannot be seen from here.
 */
export function recoveryEnds(port: number, orders: Orders): Promise<boolean> | null {
  const recovery = findRecovery(port, "/proc");
  return recovery === null ? null : awaitEnd(recovery, orders);
}

async function awaitEnd({ pid, server }: Recovery, orders: Orders): Promise<boolean> {
  const file = await openControlFile(server, words(`/proc/${String(server)}/cmdline`));
  try {
    const sign = file === null ? {} : { sign: { ...inProduction, fd: file.fd } };
    const { failure } = await orders.give({ kind: "awaitExit", pid, timeoutMs: PATIENCE_MS, ...sign });
    // It may have ended between the two looks.
    return failure === null || failure.errno === "ESRCH";
  } finally {
    await file?.close();
  }
}

/** Of process IDs: that of the startup process, and of the server's first process, its parent. */
export interface Recovery {
  readonly pid: number;
  readonly server: number;
}

/**
 * The recovery of the server on `port`; `null` when there is none, or more than one server may be meant.
 *
 * @param proc a proc(5) file system
 */
export function findRecovery(port: number, proc: string): Recovery | null {
  const found = readdirSync(proc)
    .filter((pid) => /^\d+$/.test(pid) && STARTUP_TITLE.test(words(`${proc}/${pid}/cmdline`).join(" ")))
    .map((pid) => ({ pid: Number(pid), server: parentOf(`${proc}/${pid}`) }))
    .filter(({ pid, server }) => isServerOn(port, `${proc}/${String(server)}`) && isInOurNetwork(proc, pid));
  const [recovery] = found;
  return found.length === 1 && recovery !== undefined ? recovery : null;
}

/** Patroni starts the server with its port as an argument. */
function isServerOn(port: number, directory: string): boolean {
  return words(`${directory}/cmdline`).includes(`--port=${String(port)}`);
}

/** Field 4 of /proc/PID/stat, behind the name in parentheses, which may have any character. */
function parentOf(directory: string): number {
  const stat = text(`${directory}/stat`);
  return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
}

/** Servers of containers may have the same port. Without the right to look, all are taken as ours. */
function isInOurNetwork(proc: string, pid: number): boolean {
  const [own, its] = ["self", pid].map((which) => {
    try {
      return readlinkSync(`${proc}/${String(which)}/ns/net`);
    } catch {
      return null;
    }
  });
  return its === null || its === own;
}

function words(path: string): readonly string[] {
  return text(path).split("\0");
}

/** Empty when the process has ended, or is hidden from us. */
function text(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
