/** Test 1 and test 2 of the article: Patroni is stopped in order on the leader, first on one node, then on the other. */
import { moved, type Plot, type Scenario } from "./scenario.js";

const stop = {
  moves: true,
  act: ({ stage, leader }: Plot) => stage.cluster.stopPatroni(leader),
  settled: moved,
  mend: ({ stage, leader }: Plot) => stage.cluster.startPatroni(leader),
};

export const stopPatroni: Scenario = {
  name: "stop-patroni",
  about: "systemctl stop patroni on the leader (the article's test 1)",
  leads: "first",
  ...stop,
};

export const failBack: Scenario = {
  name: "fail-back",
  about: "the same on the node that took over, so that the first leads again (the article's test 2)",
  leads: "second",
  ...stop,
};
