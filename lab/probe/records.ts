/** What the probe is told to do and what it writes down: one record per echo, connection, write and answer of Patroni. */
import * as v from "valibot";

/** How often something is tried: in calm times, and while a driver pays attention to what will happen next. */
const cadence = v.object({ calmMs: v.number(), closeMs: v.number() });
export type Cadence = v.InferOutput<typeof cadence>;

export const probeSettings = v.object({
  /** The address that the client uses: the VIP, or what it is compared with. */
  vip: v.string(),
  echo: cadence,
  connect: cadence,
  /** Close attention makes a failing target tried at its cadence; one that takes writes is left in peace. */
  write: cadence,
  /** Sessions through the VIP that stay open, one write each per interval; 0 of them for none. */
  sessions: v.object({ count: v.number(), everyMs: v.number() }),
  /** How often each Patroni is asked under close attention; `null`: never. */
  patroniEveryMs: v.nullable(v.number()),
  protocol: v.picklist(["postgres", "stand-in"]),
  /** Nodes that are also written to on their own addresses; the TTL of an answer tells who sent it. */
  nodes: v.array(v.object({ name: v.string(), address: v.string(), ttl: v.number() })),
});
export type ProbeSettings = v.InferOutput<typeof probeSettings>;

/** An order to the probe, a line on its standard input. */
export const probeOrder = v.object({ attention: v.picklist(["calm", "close"]) });
export type Attention = v.InferOutput<typeof probeOrder>["attention"];

/** An echo that has no answer after this counts as lost. */
export const echoTimeoutMs = 1000;

const node = v.nullable(v.string());

/** All instants are CLOCK_MONOTONIC milliseconds. */
export const probeRecord = v.variant("kind", [
  /** The probe works: everything from here on is measured. */
  v.object({ kind: v.literal("ready") }),
  /** `answeredMs` null: no answer inside the time-out. */
  v.object({ kind: v.literal("echo"), sentMs: v.number(), answeredMs: v.nullable(v.number()), node }),
  /** The answer to an echo that was already counted as lost. */
  v.object({ kind: v.literal("lateEcho"), sentMs: v.number(), answeredMs: v.number(), node }),
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
    /** Over a new connection, or on a session that had met a read-only server until then. */
    session: v.picklist(["new", "open"]),
    startedMs: v.number(),
    /** When TCP was connected; `null`: never. */
    connectedMs: v.nullable(v.number()),
    endedMs: v.number(),
    /** `readOnly`: the server is a replica (SQLSTATE 25006). */
    outcome: v.picklist(["written", "readOnly", "refused", "failed"]),
    /** Who took the write. */
    node,
    /** Error code, or nothing. */
    detail: v.string(),
  }),
  /** How a statement on an open session ended: answered, the session cut, or no answer until the client gave up. */
  v.object({
    kind: v.literal("statement"),
    session: v.number(),
    startedMs: v.number(),
    endedMs: v.number(),
    outcome: v.picklist(["answered", "cut", "hung"]),
  }),
  /** What a node's Patroni answers to `GET /primary`, whenever that is something new. */
  v.object({
    kind: v.literal("patroni"),
    node: v.string(),
    askedMs: v.number(),
    answeredMs: v.number(),
    /** HTTP status; `null`: no answer. */
    status: v.nullable(v.number()),
    role: v.string(),
    state: v.string(),
  }),
]);
export type ProbeRecord = v.InferOutput<typeof probeRecord>;
export type WriteRecord = Extract<ProbeRecord, { kind: "write" }>;
export type PatroniRecord = Extract<ProbeRecord, { kind: "patroni" }>;

/** What a client that waits on an open session tells (waiting.ts). */
export const waitingRecord = v.object({ kind: v.picklist(["connected", "ended"]), atMs: v.number() });
export type WaitingRecord = v.InferOutput<typeof waitingRecord>;
