/** The leader's host is gone at once, with all its processes and its carrier. The lock has to run out first. */
import { vipCidr } from "../../lab/topology.js";
import { moved, type Scenario } from "./scenario.js";

export const killLeader: Scenario = {
  name: "kill-leader",
  about: "power cut for the leader's host",
  leads: "any",
  moves: true,
  act: ({ stage, leader }) => stage.cluster.killHost(leader),
  settled: moved,
  async mend({ stage, leader }) {
    const host = stage.cluster.node(leader);
    // A host that boots has no addresses but its own.
    await host.exec("ip", ["address", "delete", vipCidr, "dev", "eth0"]);
    await stage.cluster.reviveHost(leader);
    await stage.manager.start(host);
  },
};
