/** A planned switchover through Patroni's REST interface. */
import { moved, nothingToMend, type Scenario } from "./scenario.js";

export const switchover: Scenario = {
  name: "switchover",
  about: "POST /switchover",
  leads: "any",
  moves: true,
  act: ({ stage, leader, other }) => stage.cluster.switchover(leader, other),
  settled: moved,
  mend: nothingToMend,
};
