/** One round as strips of a timeline: Patroni, PostgreSQL, VIP, wire and client, one above the other. Pure. */
import type { ProbeRecord, WriteRecord } from "../lab/probe/records.js";
import type { Outcome } from "../lab/stage.js";
import type { WireEvent } from "./capture.js";
import { holdings, type RoundContext } from "./measures.js";
import type { Lane, NeighbourChange } from "./results.js";

interface Sample {
  readonly atMs: number;
  readonly state: string;
}

export interface LaneSource {
  readonly outcome: Outcome;
  readonly context: RoundContext;
  readonly nodes: readonly { readonly name: string; readonly mac: string }[];
  readonly wire: readonly WireEvent[];
  readonly neighbours: readonly NeighbourChange[];
}

export function lanesOf({ outcome, context, nodes, wire, neighbours }: LaneSource): Lane[] {
  const { breakMs, endMs, records } = outcome;
  const strip = (name: string, samples: readonly Sample[]): Lane => ({
    name,
    spans: merge(samples, breakMs, endMs),
    marks: [],
  });
  const perNode = (lane: (node: LaneSource["nodes"][number]) => Lane): Lane[] => nodes.map(lane);
  const held = holdings(outcome, context);
  return [
    ...perNode(({ name }) => strip(`Patroni ${name}`, patroniSamples(records, name))),
    ...perNode(({ name }) => strip(`PostgreSQL ${name}`, writeSamples(records, name))),
    ...perNode(({ name, mac }) => ({
      name: `VIP ${name}`,
      spans: (held.get(name) ?? []).flatMap(({ fromMs, toMs }) => clip(fromMs, toMs, "held", breakMs, endMs)),
      marks: wire
        .filter(({ sourceMac, kind, atMs }) => kind === "announcement" && sourceMac === mac && atMs >= breakMs)
        .map(({ atMs }) => ({ atMs: atMs - breakMs, what: "ARP announcement" })),
    })),
    strip("client: neighbour", neighbourSamples(neighbours, nodes)),
    strip("client: echo", echoSamples(records)),
    strip("client: write", writeSamples(records, "vip")),
  ];
}

function patroniSamples(records: readonly ProbeRecord[], node: string): Sample[] {
  return records
    .filter((record) => record.kind === "patroni")
    .filter((record) => record.node === node)
    .map(({ answeredMs, status, role, state }) => ({
      atMs: answeredMs,
      state: status === null ? "silent" : status !== 200 ? "replica" : isWritable(role, state) ? "leader" : "lock",
    }));
}

function isWritable(role: string, state: string): boolean {
  return state === "running" && (role === "primary" || role === "master");
}

/** As seen by the client: what the latest attempt to end met. */
function writeSamples(records: readonly ProbeRecord[], target: string): Sample[] {
  return records
    .filter((record): record is WriteRecord => record.kind === "write" && record.target === target)
    .map(({ endedMs, outcome }) => ({ atMs: endedMs, state: outcome }))
    .sort((a, b) => a.atMs - b.atMs);
}

/** Where the client's frames for the address go; a MAC that is no node's own is told as it is. */
function neighbourSamples(neighbours: readonly NeighbourChange[], nodes: LaneSource["nodes"]): Sample[] {
  return neighbours.map(({ atMs, mac }) => ({
    atMs,
    state: mac === null ? "unresolved" : (nodes.find((node) => node.mac === mac)?.name ?? mac),
  }));
}

/** Who answered, or nobody; a lost echo counts from the moment it was sent. */
function echoSamples(records: readonly ProbeRecord[]): Sample[] {
  return records
    .filter((record) => record.kind === "echo")
    .map(({ sentMs, answeredMs, node }) =>
      answeredMs === null ? { atMs: sentMs, state: "lost" } : { atMs: answeredMs, state: `from ${node ?? "?"}` },
    )
    .sort((a, b) => a.atMs - b.atMs);
}

/** Samples of the same state run together; the last lasts until the end. */
function merge(samples: readonly Sample[], breakMs: number, endMs: number): Lane["spans"] {
  const changes = samples.filter(({ state }, index) => state !== samples[index - 1]?.state);
  return changes.flatMap(({ atMs, state }, index) =>
    clip(atMs, changes[index + 1]?.atMs ?? Infinity, state, breakMs, endMs),
  );
}

/** Times after the fault, rounded to 10 µs; nothing when the span lies outside of what was measured. */
function clip(fromMs: number, toMs: number, state: string, breakMs: number, endMs: number): Lane["spans"] {
  const [from, to] = [Math.max(fromMs, breakMs), Math.min(toMs, endMs)].map(
    (atMs) => Math.round((atMs - breakMs) * 100) / 100,
  );
  return from === undefined || to === undefined || from >= to ? [] : [{ fromMs: from, toMs: to, state }];
}
