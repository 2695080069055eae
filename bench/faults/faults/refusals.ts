/** The kernel refuses, on one node and for a while, what the VIP manager there wants of it. */
import { refuse } from "../../../lab/firewall.js";
import { sleep } from "../../../lab/wait.js";
import type { Fault } from "../fault.js";
import { untouched } from "./bounds.js";
import { leaderHost, succeeded } from "./verbs.js";

const VRRP = "ip protocol 112";

export const refusals: readonly Fault[] = [
  {
    name: "addresses-refused",
    about: "a switchover, and for 8 s the old leader's VIP manager may change no addresses (EPERM)",
    needs: "hooks",
    async act(plot) {
      const { stage, leader, other, rights, mark } = plot;
      const pids = stage.manager.processes(leaderHost(plot)).map(({ pid }) => pid);
      for (const pid of pids) rights.take(pid);
      await stage.cluster.switchover(leader, other);
      await sleep(8_000);
      for (const pid of pids) rights.giveBack(pid);
      mark("mended");
      await sleep(2_000);
    },
    bounds: [
      { measure: "gone", atMost: 3_500 },
      { measure: "bothWritable", atMost: 0 },
      { measure: "oldAnswers", atMost: 0 },
    ],
  },
  {
    name: "adverts-refused",
    about: "a firewall on the leader refuses its adverts for 8 s (EPERM)",
    needs: "VRRP",
    async act(plot) {
      const lift = await refuse(leaderHost(plot), { family: "inet", matches: [VRRP] });
      await sleep(8_000);
      await lift();
      plot.mark("mended");
      await sleep(2_000);
    },
    bounds: untouched,
  },
  {
    name: "announcements-refused",
    about:
      "a switchover, and until 1 s after its take-over all ARP and adverts of the new leader are refused (ENOBUFS)",
    async act(plot) {
      const { stage, leader, other, mark } = plot;
      const lift = await refuse(stage.cluster.node(other), { family: "netdev", matches: ["ether type arp", VRRP] });
      await stage.cluster.switchover(leader, other);
      await succeeded(plot);
      await sleep(1_000);
      await lift();
      mark("mended");
      await sleep(5_000);
    },
    bounds: [
      { measure: "silence", atMost: 2_500 },
      { measure: "added", atMost: 2_500 },
      { measure: "bothWritable", atMost: 0 },
    ],
  },
];
