/**
 * The status document, version 1: what `pgvip status --json` prints and scripts may rely on. Fields are only ever added to
 * a version; those added later have a default here, so that an older agent can still be asked. docs/status.schema.json is
 * made from this.
 */
import * as v from "valibot";

const instant = v.pipe(v.string(), v.isoTimestamp(), v.description("ISO 8601, UTC"));
const count = v.pipe(v.number(), v.integer(), v.minValue(0));

function list<const Item extends v.GenericSchema>(item: Item) {
  return v.pipe(v.array(item), v.readonly());
}

function said<const Value extends v.GenericSchema>(value: Value, about: string) {
  return v.pipe(value, v.description(about));
}

const memberName = said(
  v.optional(v.nullable(v.string()), null),
  "its name among the members of the Patroni cluster; null when Patroni has not told",
);

const holder = v.object({
  address: said(v.string(), "source address of its adverts; this node's own when it is the holder"),
  name: memberName,
  self: said(v.boolean(), "the VIP is on this node"),
  priority: said(v.number(), "VRRP priority of its adverts; 1 is a holder without a right to the VIP any more"),
  lastAdvertAt: said(v.optional(v.nullable(instant), null), "when it was last heard; null when it is this node"),
});

const patroni = v.object({
  verdict: said(
    v.nullable(v.string()),
    "writable, promoting, recovering, ending, notLeader or silent; null before the first answer",
  ),
  text: said(v.string(), "the same in a sentence"),
  answeredAt: v.nullable(instant),
  scope: v.nullable(v.string()),
  member: v.nullable(v.string()),
  timeline: v.nullable(v.number()),
  paused: said(v.boolean(), "the cluster is in maintenance mode"),
});

const peer = v.object({
  address: v.string(),
  name: memberName,
  priority: v.number(),
  lastAdvertAt: instant,
  /** 2 or 3. */
  vrrpVersion: v.nullable(v.number()),
  /** Of VRRPv3 over IPv4: pseudo-header or pdu-only; `null` where there is no choice. */
  checksum: v.nullable(v.string()),
  advertIntervalMs: v.nullable(v.number()),
  /** Adverts that were listened to. */
  adverts: count,
  keyId: said(v.optional(v.nullable(v.number()), null), "key that its adverts are signed with; null when they are not"),
  clockAheadMs: said(
    v.optional(v.nullable(v.number()), null),
    "how far its clock is ahead of ours, by the time of its last signature",
  ),
});

const alarm = v.object({
  code: said(v.string(), "stable, for scripts"),
  since: instant,
  text: said(v.string(), "a sentence for people"),
});

const transition = v.object({
  at: instant,
  from: v.string(),
  to: v.string(),
  reason: said(v.string(), "stable, for scripts"),
  text: v.string(),
});

/** An operator's word: the VIP stays where it is, or away from this node. */
const maintenance = v.object({
  mode: said(v.string(), "paused or released"),
  until: said(v.nullable(instant), "null = until somebody resumes"),
  persistent: said(v.boolean(), "outlives a restart of the agent"),
});

const group = v.object({
  name: said(v.string(), "the VIPs without prefix length, with commas"),
  cluster: said(
    v.optional(v.nullable(v.string()), null),
    "the cluster that the VIP follows, by its name in clusters; null for the one of the section patroni",
  ),
  role: said(v.string(), "what the VIP follows: primary"),
  vips: said(list(v.string()), "with prefix length"),
  interface: v.nullable(v.string()),
  virtualMacs: said(v.optional(list(v.string()), []), "MACs of the VIPs; empty when they have the interface's own"),
  routerId: said(v.nullable(v.number()), "VRRP virtual router ID; null until it is derived"),
  state: said(v.string(), "starting, standby, holder, lameDuck, fault or stopped"),
  since: instant,
  reason: said(v.string(), "why the group is in this state: the sentence of its last transition"),
  maintenance: said(v.optional(v.nullable(maintenance), null), "an operator's word that stands; null without one"),
  holder: said(v.nullable(holder), "the node that has the VIP, as far as this one knows"),
  patroni: said(patroni, "the last answer of Patroni on this node, judged"),
  peers: said(list(peer), "other nodes that announce this group's VIPs"),
  alarms: said(list(alarm), "what a person should look at; an alarm is gone when its cause is"),
  counters: v.pipe(v.record(v.string(), count), v.readonly()),
  lastTransition: v.nullable(transition),
});

export const statusSchema = v.object({
  version: v.literal(1),
  agent: v.object({ pid: count, version: v.string(), startedAt: instant }),
  groups: list(group),
  drops: said(v.pipe(v.record(v.string(), count), v.readonly()), "received packets that were not used, by reason"),
});

export type StatusDocument = v.InferOutput<typeof statusSchema>;
export type GroupStatus = v.InferOutput<typeof group>;
export type AlarmStatus = v.InferOutput<typeof alarm>;
