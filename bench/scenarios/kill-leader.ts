/** The leader's host is gone at once, with all its processes and its carrier. The lock has to run out first. */
import { vipCidr } from "../../lab/topology.js";
import { moved, type Scenario } from "./scenario.js";

export const killLeader: Scenario = {
  name: "kill-leader",
  about: "power cut for the leader's host",
  leads: "any",
  moves: true,
  async act({ stage, leader }) {
    await stage.cluster.killHost(leader);
    // The kernel of a host without power keeps no addresses; the lab's does, out of everybody's reach.
    await stage.cluster.node(leader).exec("ip", ["address", "delete", vipCidr, "dev", "eth0"]);
  },
  settled: moved,
  async mend({ stage, leader }) {
    await stage.cluster.reviveHost(leader);
    await stage.manager.start(stage.cluster.node(leader));
  },
};
