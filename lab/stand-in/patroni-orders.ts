/** How the lab makes a stand-in of Patroni ill: slow, hung, talking nonsense, or lying about its role. */
import * as v from "valibot";

export const patroniOrder = v.object({
  /** Each answer comes this much later. */
  slowMs: v.number(),
  /** Answer as a healthy member of this role, whatever is true. */
  lie: v.nullable(v.picklist(["primary", "replica"])),
  /**
   * What it answers at all: the truth (or a lie), nothing, bytes that are no HTTP, another place to ask, an answer that
   * never ends, fast or one byte a second; or nobody listens.
   */
  manner: v.picklist(["answers", "hangs", "babbles", "redirects", "floods", "trickles", "refuses"]),
  /** Its wall clock is ahead of this host's, in milliseconds. */
  clockMs: v.number(),
  /** A FIFO that gets a line with each order, as a callback of Patroni would write it. */
  callback: v.nullable(v.string()),
  /** Members that `/cluster` does not list: they have not joined yet. */
  unlisted: v.array(v.string()),
});
export type PatroniOrder = v.InferOutput<typeof patroniOrder>;

export const healthy: PatroniOrder = {
  slowMs: 0,
  lie: null,
  manner: "answers",
  clockMs: 0,
  callback: null,
  unlisted: [],
};
