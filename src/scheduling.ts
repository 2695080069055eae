/** The agent's place among the processes that want a processor. */
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { getPriority, setPriority } from "node:os";
import process from "node:process";

/**
 * Between those of the kernel's threads and of everything that runs on a database node. The agent needs little, but at the
 * very moment when PostgreSQL, promoted, and all its clients want all of it.
 */
const NICENESS = -10;

/**
 * Lets this process run before others, where that is permitted (CAP_SYS_NICE, or RLIMIT_NICE as the unit's `Nice=` gives);
 * elsewhere nothing changes. A niceness is a thread's, and JavaScript waits for those that help to collect its garbage: with a
 * lower priority they hold it up for half a second on a busy machine. The network thread has a priority of its own
 * (native/io_thread.cc).
 */
export function runBeforeOthers(): void {
  for (const thread of readdirSync("/proc/self/task")) {
    tryTo(() => {
      setPriority(Number(thread), NICENESS);
    });
  }
  if (leadsSession()) {
    tryTo(() => {
      writeFileSync("/proc/self/autogroup", String(NICENESS));
    });
  }
}

/**
 * Where the kernel groups processes by their session, as Debian's does, a niceness counts only among those of one session, and
 * the group has one of its own (sched(7)). A service has its session for itself; that of a terminal belongs to others too.
 */
function leadsSession(): boolean {
  const stat = readFileSync("/proc/self/stat", "utf8");
  // The command, in parentheses, may contain anything; state, parent and process group come before the session.
  return Number(stat.slice(stat.lastIndexOf(") ") + 2).split(" ")[3]) === process.pid;
}

/** Not permitted, not there, or the thread has ended: it was worth asking. */
function tryTo(ask: () => void): void {
  try {
    ask();
  } catch {
    // Everything goes on as it was.
  }
}

/** A program that the calling thread has started is no part of that haste. */
export function runLikeOthers(pid: number): void {
  if (getPriority() >= 0) return;
  tryTo(() => {
    setPriority(pid, 0);
  });
}
