/** What the probe is told to do and what it writes down: one record per echo, connection and write. */
import * as v from "valibot";

export const probeSettings = v.object({
  vip: v.string(),
  echoEveryMs: v.number(),
  connectEveryMs: v.number(),
  writeEveryMs: v.number(),
  protocol: v.picklist(["postgres", "stand-in"]),
  /** Nodes that are also written to on their own addresses. */
  nodes: v.array(v.object({ name: v.string(), address: v.string() })),
});
export type ProbeSettings = v.InferOutput<typeof probeSettings>;

/** An echo that has no answer after this counts as lost. */
export const echoTimeoutMs = 1000;

/** All instants are CLOCK_MONOTONIC milliseconds. */
export const probeRecord = v.variant("kind", [
  /** The probe works: everything from here on is measured. */
  v.object({ kind: v.literal("ready") }),
  /** `answeredMs` null: no answer inside the time-out. */
  v.object({ kind: v.literal("echo"), sentMs: v.number(), answeredMs: v.nullable(v.number()) }),
  /** The answer to an echo that was already counted as lost. */
  v.object({ kind: v.literal("lateEcho"), sentMs: v.number(), answeredMs: v.number() }),
  v.object({
    kind: v.literal("connect"),
    startedMs: v.number(),
    endedMs: v.number(),
    outcome: v.picklist(["connected", "refused", "failed"]),
  }),
  v.object({
    kind: v.literal("write"),
    /** `vip`, or the node whose own address was written to. */
    target: v.string(),
    startedMs: v.number(),
    endedMs: v.number(),
    /** `readOnly`: the server is a replica (SQLSTATE 25006). */
    outcome: v.picklist(["written", "readOnly", "refused", "failed"]),
    /** Who took the write. */
    node: v.nullable(v.string()),
    /** Error code, or nothing. */
    detail: v.string(),
  }),
]);
export type ProbeRecord = v.InferOutput<typeof probeRecord>;
export type WriteRecord = Extract<ProbeRecord, { kind: "write" }>;
