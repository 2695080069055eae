/** What `pgvip pause`, `release` and `resume` say to the agent, and what it answers. */
import * as v from "valibot";

export const maintenanceRequest = v.object({
  command: v.picklist(["pause", "release", "resume"]),
  /** Names of groups or VIPs; empty = all. */
  groups: v.array(v.string()),
  /** `null` = until somebody resumes. */
  forMs: v.nullable(v.pipe(v.number(), v.minValue(0))),
  /** Whether it outlives a restart of the agent. */
  persist: v.boolean(),
});

export const maintenanceAnswer = v.object({
  group: v.string(),
  /** starting, standby, holder, lameDuck, fault, stopped. */
  state: v.string(),
  /** `null` = none. */
  mode: v.nullable(v.picklist(["paused", "released"])),
  until: v.nullable(v.string()),
  persistent: v.boolean(),
});

export type MaintenanceRequest = v.InferOutput<typeof maintenanceRequest>;
export type MaintenanceAnswer = v.InferOutput<typeof maintenanceAnswer>;
