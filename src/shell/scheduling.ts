/** The agent's place among the processes that want a processor. */
import { getPriority, setPriority } from "node:os";

/**
 * Between those of the kernel's threads and of everything that runs on a database node. The agent needs little, but at the
 * very moment when PostgreSQL, promoted, and all its clients want all of it.
 */
const NICENESS = -10;

/**
 * Lets the calling thread run before others, where that is permitted (CAP_SYS_NICE, or RLIMIT_NICE as the unit's `Nice=`
 * gives); elsewhere nothing changes. The network thread has a priority of its own (native/io_thread.cc).
 */
export function runBeforeOthers(): void {
  try {
    setPriority(NICENESS);
  } catch {
    // Not permitted. It was worth asking.
  }
}

/** A program that the calling thread has started is no part of that haste. */
export function runLikeOthers(pid: number): void {
  if (getPriority() >= 0) return;
  try {
    setPriority(pid, 0);
  } catch {
    // It has ended already.
  }
}
