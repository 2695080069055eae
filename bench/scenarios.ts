/** All scenarios on a whole cluster, in the order in which a round plays them; `flip` has a program of its own. */
import { agentRestart } from "./scenarios/agent-restart.js";
import { killLeader } from "./scenarios/kill-leader.js";
import { killPostgres } from "./scenarios/kill-postgres.js";
import type { Scenario } from "./scenarios/scenario.js";
import { failBack, stopPatroni } from "./scenarios/stop-patroni.js";
import { switchover } from "./scenarios/switchover.js";

export const allScenarios: readonly Scenario[] = [
  stopPatroni,
  failBack,
  switchover,
  killPostgres,
  agentRestart,
  killLeader,
];
