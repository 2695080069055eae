/** The VIP manager on the leader is restarted, as for an upgrade. Nothing is wrong with the cluster. */
import { sleep } from "../../lab/wait.js";
import { nothingToMend, type Scenario } from "./scenario.js";

/** Longer than any of the systems needs to start. */
const afterwardsMs = 6_000;

export const agentRestart: Scenario = {
  name: "agent-restart",
  about: "SIGTERM for the VIP manager on the leader, and a start right after its end",
  leads: "any",
  moves: false,
  async act({ stage, leader }) {
    const host = stage.cluster.node(leader);
    await stage.manager.stop(host);
    await stage.manager.start(host);
  },
  settled: () => sleep(afterwardsMs),
  mend: nothingToMend,
};
