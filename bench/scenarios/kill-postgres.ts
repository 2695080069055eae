/** PostgreSQL crashes on the leader; Patroni starts it again in place, or gives the lock away if that fails. */
import { until } from "../../lab/wait.js";
import { addedOutage } from "../../lab/findings.js";
import { nothingToMend, type Scenario } from "./scenario.js";

export const killPostgres: Scenario = {
  name: "kill-postgres",
  about: "kill -9 for the leader's postmaster; the leader stays",
  leads: "any",
  moves: false,
  act: ({ stage, leader }) => stage.cluster.killPostgres(leader),
  settled: ({ stage, leader }) => {
    const { prober } = stage;
    const sinceMs = prober.records.reduce((last, record) => ("endedMs" in record ? record.endedMs : last), 0);
    return until("a write after the crash", () => addedOutage(prober.records, sinceMs, leader), { timeoutMs: 60_000 });
  },
  mend: nothingToMend,
};
