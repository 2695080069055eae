/** Faults of the VIP manager itself, on the leader. PostgreSQL and Patroni are well. */
import { sleep } from "../../../lab/wait.js";
import type { Fault, Plot } from "../fault.js";
import { untouched } from "./bounds.js";
import { leaderHost, startManager } from "./verbs.js";

export const agentFaults: readonly Fault[] = [
  {
    name: "agent-killed",
    about: "SIGKILL for the VIP manager; nobody starts it again",
    async act(plot) {
      await plot.stage.manager.kill(leaderHost(plot));
      await sleep(8_000);
    },
    mend: startManager,
    bounds: [{ measure: "gone", atMost: 3_500 }],
  },
  {
    name: "agent-restarted",
    about: "SIGKILL for the VIP manager, started again at once",
    async act(plot) {
      await plot.stage.manager.kill(leaderHost(plot));
      await startManager(plot);
      await sleep(5_000);
    },
    bounds: untouched,
  },
  {
    name: "agent-stopped",
    about: "SIGTERM for the VIP manager; nobody starts it again",
    async act(plot) {
      await plot.stage.manager.stop(leaderHost(plot));
      await sleep(4_000);
    },
    mend: startManager,
    bounds: [
      { measure: "gone", atMost: 1_000 },
      { measure: "rst", atMost: 50 },
    ],
  },
  {
    name: "agent-frozen",
    about: "SIGSTOP for the VIP manager, a switchover, and after 6 s SIGCONT",
    async act(plot) {
      const { stage, leader, other, mark } = plot;
      await stage.manager.freeze(leaderHost(plot));
      await stage.cluster.switchover(leader, other);
      await sleep(6_000);
      mark("thawed");
      await stage.manager.thaw(leaderHost(plot));
      await sleep(3_000);
    },
    bounds: [
      { measure: "gone", atMost: 3_500 },
      { measure: "bothWritable", atMost: 0 },
      { measure: "oldAnswers", atMost: 0 },
      { measure: "spoken", atMost: 0 },
    ],
  },
  {
    name: "agent-blocked",
    about: "the VIP manager's event loop stands still for 3 s",
    needs: "hooks",
    async act(plot) {
      for (const process of plot.stage.manager.processes(leaderHost(plot))) process.signal("SIGUSR2");
      await sleep(3_000);
      plot.mark("mended");
      await sleep(3_000);
    },
    bounds: [
      { measure: "gone", atMost: 1_200 },
      { measure: "rst", atMost: 50 },
      { measure: "back", atMost: 1_000 },
    ],
  },
  {
    name: "agent-without-files",
    about: "the VIP manager can open no more files or sockets for 8 s (EMFILE)",
    async act(plot) {
      await limitFiles(plot, "3");
      await sleep(8_000);
      await limitFiles(plot, "1024");
      plot.mark("mended");
      await sleep(2_000);
    },
    bounds: untouched,
  },
];

/** Sets the soft limit; what is open stays open. */
async function limitFiles(plot: Plot, soft: string): Promise<void> {
  for (const { pid } of plot.stage.manager.processes(leaderHost(plot))) {
    const { code, stderr } = await leaderHost(plot).exec("prlimit", ["--pid", String(pid), `--nofile=${soft}:`]);
    if (code !== 0) throw new Error(`prlimit: ${stderr}`);
  }
}
