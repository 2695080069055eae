/** What the agent answers to `pgvip reload`: the groups by name, and the settings that only a restart can change. */
import * as v from "valibot";

export const reloadAnswer = v.object({
  stay: v.array(v.string()),
  come: v.array(v.string()),
  go: v.array(v.string()),
  needRestart: v.array(v.string()),
});

export type Reloaded = v.InferOutput<typeof reloadAnswer>;
