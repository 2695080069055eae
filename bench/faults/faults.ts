/** All faults, in the order in which they are played. */
import type { Fault } from "./fault.js";
import { agentFaults } from "./faults/agent.js";
import { floods } from "./faults/flood.js";
import { forgeries } from "./faults/forgeries.js";
import { dcsFaults, networkFaults } from "./faults/network.js";
import { patroniFaults } from "./faults/patroni.js";
import { pauseFaults } from "./faults/pause.js";
import { refusals } from "./faults/refusals.js";
import { restFaults } from "./faults/rest.js";

export const allFaults: readonly Fault[] = [
  ...agentFaults,
  ...refusals,
  ...forgeries,
  ...floods,
  ...restFaults,
  ...patroniFaults,
  ...networkFaults,
  ...dcsFaults,
  ...pauseFaults,
];
