/** A neighbour forges adverts, with the right router ID, VIP and, where there is one, password. */
import { sleep } from "../../../lab/wait.js";
import type { Fault } from "../fault.js";

export const forgeries: readonly Fault[] = [
  forgery("forged-255", 255, "one forged advert of priority 255", 100, 1),
  forgery("forged-255-stream", 255, "50 forged adverts of priority 255 a second for 10 s", 20, 500),
  forgery("forged-0", 0, "one forged advert of priority 0", 100, 1),
  forgery("forged-0-stream", 0, "50 forged adverts of priority 0 a second for 10 s", 20, 500),
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
