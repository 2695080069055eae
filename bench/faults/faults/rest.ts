/** Patroni's REST interface misbehaves, as only a stand-in does on order; the cluster itself is well. */
import type { PatroniOrder } from "../../../lab/stand-in/patroni-orders.js";
import { sleep } from "../../../lab/wait.js";
import type { Bound, Fault } from "../fault.js";
import { untouched } from "./bounds.js";

export const restFaults: readonly Fault[] = [
  mistreated("rest-hung", "takes questions on the leader and answers none, for 5 s", "hangs", 5_000, untouched),
  mistreated("rest-hung-long", "the same for 20 s: longer than its silence may be believed", "hangs", 20_000, [
    { measure: "gone", atLeast: 5_000, atMost: 15_300 },
    { measure: "rst", atMost: 50 },
    { measure: "back", atMost: 1_000 },
  ]),
  mistreated("rest-garbage", "answers random bytes on the leader for 8 s", "babbles", 8_000, untouched),
  mistreated("rest-redirects", "answers 302 on the leader for 8 s", "redirects", 8_000, untouched),
  mistreated("rest-gone", "takes no connections on the leader for 8 s", "refuses", 8_000, untouched),
  mistreated(
    "rest-endless",
    "answers without end on the leader for 8 s, as fast as it can",
    "floods",
    8_000,
    untouched,
  ),
  mistreated("rest-trickles", "answers one byte a second on the leader for 8 s", "trickles", 8_000, untouched),
  {
    name: "rest-slow",
    about: "Patroni's REST interface answers 200 ms late on the leader for 8 s",
    backend: "stand-in",
    async act({ standIn, leader, mark }) {
      standIn().slow(leader, 200);
      await sleep(8_000);
      standIn().slow(leader, 0);
      mark("mended");
      await sleep(2_000);
    },
    bounds: untouched,
  },
  {
    name: "rest-lies-replica",
    about: "the leader's Patroni says for 5 s that it is a replica",
    backend: "stand-in",
    async act({ standIn, leader, mark }) {
      standIn().lie(leader, "replica");
      await sleep(5_000);
      standIn().lie(leader, null);
      mark("mended");
      await sleep(2_000);
    },
    bounds: [
      { measure: "gone", atMost: 1_500 },
      { measure: "back", atMost: 1_000 },
    ],
  },
  {
    name: "rest-lies-primary",
    about: "the replica's Patroni says for 5 s that it is the primary",
    backend: "stand-in",
    async act({ standIn, other, mark }) {
      standIn().lie(other, "primary");
      await sleep(5_000);
      standIn().lie(other, null);
      mark("mended");
      await sleep(3_000);
    },
    // At first nobody can know better; then `/cluster` does. One wrong take, no to and fro, and an end before the lie's.
    bounds: [
      { measure: "takes", atMost: 1 },
      { measure: "several", atMost: 3_500 },
      { measure: "bothWritable", atMost: 0 },
      { measure: "back", atMost: 1_500 },
    ],
  },
];

function mistreated(
  name: string,
  about: string,
  manner: PatroniOrder["manner"],
  forMs: number,
  bounds: readonly Bound[],
): Fault {
  return {
    name,
    about: `Patroni's REST interface ${about}`,
    backend: "stand-in",
    async act({ standIn, leader, mark }) {
      standIn().mistreat(leader, manner);
      await sleep(forMs);
      standIn().mistreat(leader, "answers");
      mark("mended");
      await sleep(2_000);
    },
    bounds,
  };
}
