/** How the lab makes a stand-in of Patroni ill: slow, hung, talking nonsense, or lying about its role. */
import * as v from "valibot";

export const patroniOrder = v.object({
  /** Each answer comes this much later. */
  slowMs: v.number(),
  /** Answer as a healthy member of this role, whatever is true. */
  lie: v.nullable(v.picklist(["primary", "replica"])),
  /** What it answers at all: the truth (or a lie), nothing, bytes that are no HTTP, or another place to ask. */
  manner: v.picklist(["answers", "hangs", "babbles", "redirects"]),
  /** A FIFO that gets a line with each order, as a callback of Patroni would write it. */
  callback: v.nullable(v.string()),
});
export type PatroniOrder = v.InferOutput<typeof patroniOrder>;

export const healthy: PatroniOrder = { slowMs: 0, lie: null, manner: "answers", callback: null };
