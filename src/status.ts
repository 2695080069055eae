/**
 * The status document, version 1: what `pgvip status --json` prints and scripts may rely on. Fields are only ever added to
 * a version. Instants are ISO 8601 in UTC.
 */
import * as v from "valibot";

const instant = v.pipe(v.string(), v.isoTimestamp());
const count = v.pipe(v.number(), v.integer(), v.minValue(0));

function list<const Item extends v.GenericSchema>(item: Item) {
  return v.pipe(v.array(item), v.readonly());
}

/** The node that has the VIP, as far as this one knows. */
const holder = v.object({
  /** Source address of its adverts; this node's own when it is the holder. */
  address: v.string(),
  self: v.boolean(),
  priority: v.number(),
});

/** Patroni's last answer, judged. */
const patroni = v.object({
  /** writable, promoting, recovering, ending, notLeader, silent; `null` before the first answer. */
  verdict: v.nullable(v.string()),
  text: v.string(),
  answeredAt: v.nullable(instant),
  scope: v.nullable(v.string()),
  member: v.nullable(v.string()),
  timeline: v.nullable(v.number()),
  paused: v.boolean(),
});

const peer = v.object({
  address: v.string(),
  priority: v.number(),
  lastAdvertAt: instant,
  /** 2 or 3. */
  vrrpVersion: v.nullable(v.number()),
  /** Of VRRPv3 over IPv4: pseudo-header or pdu-only; `null` where there is no choice. */
  checksum: v.nullable(v.string()),
  advertIntervalMs: v.nullable(v.number()),
  /** Adverts that were listened to. */
  adverts: count,
});

/** Something that a person should look at; it is gone when its cause is. */
const alarm = v.object({
  code: v.string(),
  since: instant,
  text: v.string(),
});

const transition = v.object({
  at: instant,
  from: v.string(),
  to: v.string(),
  reason: v.string(),
  text: v.string(),
});

/** An operator's word: the VIP stays where it is, or away from this node. */
const maintenance = v.object({
  /** paused, released. */
  mode: v.string(),
  /** `null` = until somebody resumes. */
  until: v.nullable(instant),
  /** Outlives a restart of the agent. */
  persistent: v.boolean(),
});

const group = v.object({
  name: v.string(),
  role: v.string(),
  /** With prefix length. */
  vips: list(v.string()),
  interface: v.nullable(v.string()),
  routerId: v.nullable(v.number()),
  /** starting, standby, holder, lameDuck, fault, stopped. */
  state: v.string(),
  since: instant,
  /** Why the group is in this state: the sentence of its last transition. */
  reason: v.string(),
  maintenance: v.optional(v.nullable(maintenance), null),
  holder: v.nullable(holder),
  patroni,
  peers: list(peer),
  alarms: list(alarm),
  counters: v.pipe(v.record(v.string(), count), v.readonly()),
  lastTransition: v.nullable(transition),
});

export const statusSchema = v.object({
  version: v.literal(1),
  agent: v.object({ pid: count, version: v.string(), startedAt: instant }),
  groups: list(group),
  /** Received packets that were not used, by reason. */
  drops: v.pipe(v.record(v.string(), count), v.readonly()),
});

export type StatusDocument = v.InferOutput<typeof statusSchema>;
export type GroupStatus = v.InferOutput<typeof group>;
export type AlarmStatus = v.InferOutput<typeof alarm>;
