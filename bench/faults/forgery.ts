/** What the forger (forge-program.ts) is told to send: adverts, or gratuitous ARP that says the VIP is at the forger. */
import * as v from "valibot";

export const forgery = v.object({
  vip: v.string(),
  /** One of each frame each this long; once when `times` is 1. */
  everyMs: v.number(),
  times: v.number(),
  /** Of the adverts. */
  priority: v.number(),
  announcements: v.boolean(),
  /** What a neighbour can hear, or know of unicast adverts: where to, in whose name, in which dialect. */
  adverts: v.array(
    v.object({
      routerId: v.number(),
      source: v.string(),
      destination: v.string(),
      destinationMac: v.string(),
      /** VRRPv2 with this password; `null`: VRRPv3. */
      password: v.nullable(v.string()),
    }),
  ),
});
export type Forgery = v.InferOutput<typeof forgery>;
export type ForgedAdvert = Forgery["adverts"][number];
