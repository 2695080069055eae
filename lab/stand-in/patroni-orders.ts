/** How the lab makes a stand-in of Patroni ill: slow, or lying about its role. */
import * as v from "valibot";

export const patroniOrder = v.object({
  /** Each answer comes this much later. */
  slowMs: v.number(),
  /** Answer as a healthy member of this role, whatever is true. */
  lie: v.nullable(v.picklist(["primary", "replica"])),
});
export type PatroniOrder = v.InferOutput<typeof patroniOrder>;

export const healthy: PatroniOrder = { slowMs: 0, lie: null };
