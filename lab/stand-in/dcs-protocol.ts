/** What members and the stand-in DCS say to each other. */
import * as v from "valibot";

export const dcsPort = 2379;
export const heartbeatMs = 200;

export const dcsRequest = v.variant("kind", [
  v.object({ kind: v.literal("acquire"), member: v.string() }),
  v.object({ kind: v.literal("renew"), member: v.string() }),
  v.object({ kind: v.literal("release"), member: v.string() }),
  v.object({ kind: v.literal("switchover"), candidate: v.string() }),
]);
export type DcsRequest = v.InferOutput<typeof dcsRequest>;

export const dcsState = v.object({
  leader: v.nullable(v.string()),
  /** Who is to become leader once the present one has let go. */
  candidate: v.nullable(v.string()),
  /** Grows each time another member becomes leader, as PostgreSQL's timeline does. */
  timeline: v.number(),
});
export type DcsState = v.InferOutput<typeof dcsState>;
