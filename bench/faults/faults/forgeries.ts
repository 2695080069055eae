/** A neighbour forges adverts, with the right router ID, VIP and, where there is one, password; or ARP for the VIP. */
import { sleep } from "../../../lab/wait.js";
import type { Bound, Fault } from "../fault.js";

export const forgeries: readonly Fault[] = [
  forgery("forged-255", 255, "one forged advert of priority 255", 100, 1),
  forgery("forged-255-stream", 255, "50 forged adverts of priority 255 a second for 10 s", 20, 500),
  forgery("forged-0", 0, "one forged advert of priority 0", 100, 1),
  forgery("forged-0-stream", 0, "50 forged adverts of priority 0 a second for 10 s", 20, 500),
  // The one frame reaches the clients before anybody can contradict it. An agent contradicts soon; without end it must not.
  lure("forged-arp", "one forged announcement by ARP that the VIP is elsewhere", 100, 1, [
    { measure: "silence", atMost: 500 },
    { measure: "takes", atMost: 0 },
  ]),
  lure("forged-arp-stream", "50 of them a second for 5 s", 20, 250, [{ measure: "takes", atMost: 0 }]),
];

function forgery(name: string, priority: number, about: string, everyMs: number, times: number): Fault {
  return {
    name,
    about: `${about}, in the other node's name`,
    needs: "VRRP",
    async act({ forge }) {
      await forge(priority, everyMs, times);
      await sleep(4_000);
    },
    bounds: [
      { measure: "lost", atMost: 0 },
      { measure: "takes", atMost: 0 },
    ],
  };
}

function lure(name: string, about: string, everyMs: number, times: number, bounds: readonly Bound[]): Fault {
  return {
    name,
    about,
    async act(plot) {
      await plot.lure(everyMs, times);
      await sleep(4_000);
    },
    bounds,
  };
}
