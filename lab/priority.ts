/** Programs that are to run before others, as arguments of `Host.spawn`; where a container forbids it they run all the same. */

type Words = readonly [command: string, args: readonly string[]];

/** Whenever it wants a processor it gets it: for what stands for a machine of its own, and here shares those of the cluster. */
export function atOnce(command: string, args: readonly string[]): Words {
  return byShell('chrt --rr --pid 1 $$ 2>/dev/null; exec "$@"', command, args);
}

/**
 * As `Nice=-10` and `CPUWeight=1000` of a unit have it from the first instruction on. The niceness of a process counts among those
 * of its session only, whose group has one of its own (sched(7)); where there are no such groups nothing is to be done.
 */
export function beforeOthers(command: string, args: readonly string[]): Words {
  return byShell('echo -10 2>/dev/null > /proc/self/autogroup; exec nice -n -10 "$@"', command, args);
}

function byShell(script: string, command: string, args: readonly string[]): Words {
  return ["sh", ["-c", script, "sh", command, ...args]];
}
