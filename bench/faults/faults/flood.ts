/** A neighbour says as much as it can of the VIP, by adverts and by ARP, in everybody's name. */
import { sleep } from "../../../lab/wait.js";
import type { Fault } from "../fault.js";
import { untouched } from "./bounds.js";
import { succeeded } from "./verbs.js";

const perSecond = 50_000;

export const floods: readonly Fault[] = [
  {
    name: "flood",
    about: "50 000 forged adverts and ARP frames a second for 10 s, to the nodes",
    needs: "VRRP",
    async act({ flood }) {
      const { over } = await flood(perSecond, 10);
      await over;
      await sleep(2_000);
    },
    bounds: untouched,
  },
  {
    name: "flood-switchover",
    about: "the same, with a switchover after 2 s",
    needs: "VRRP",
    async act(plot) {
      const { stage, leader, other, flood } = plot;
      const { over } = await flood(perSecond, 10);
      await sleep(2_000);
      await stage.cluster.switchover(leader, other);
      await succeeded(plot);
      await over;
    },
    bounds: [
      { measure: "added", atMost: 100 },
      { measure: "bothWritable", atMost: 0 },
    ],
  },
];
