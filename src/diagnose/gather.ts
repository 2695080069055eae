/** Gathers the evidence for `pgvip doctor`: asks the kernel, Patroni, the wire and the members. Changes nothing. */
import { execFile } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { type Config, type FollowedCluster, type GroupConfig, followedClusters } from "../config/config.js";
import { deriveRouterId } from "../core/router-id.js";
import { PgvipError } from "../errors.js";
import { missingCapabilities } from "../shell/capabilities.js";
import { addonNapiVersion } from "../shell/native-network.js";
import { openPatroni } from "../shell/patroni-http.js";
import { missingRawSocket } from "../shell/raw-socket-packets.js";
import { resolveInterface } from "../shell/resolve-interface.js";
import { systemClock } from "../shell/system-clock.js";
import { canonicalAddress, familyOf, formatMac, type MacAddress } from "../wire/addresses.js";
import { arpProbe } from "../wire/arp.js";
import { neighborProbe } from "../wire/ndisc.js";
import type {
  ClockEvidence,
  Evidence,
  FirewallEvidence,
  GroupEvidence,
  NetworkEvidence,
  PatroniEvidence,
  PeerEvidence,
  ProcessEvidence,
} from "./evidence.js";
import { linkOf, membersOf } from "./evidence.js";
import { claimOf, readFrame, type Sighting } from "./frames.js";
import { HostFiles } from "./host-files.js";
import { askClocks } from "./peer-clocks.js";
import { probePeers } from "./peer-probe.js";
import { WireWatch } from "./wire-watch.js";

const PATRONI_TIMEOUT_MS = 3000;
const COMMAND_TIMEOUT_MS = 5000;
const COMMAND_BYTES = 16 * 1024 * 1024;

export interface GatherOptions {
  /** How long the wire is listened to. */
  readonly listenMs: number;
  /** Where the files of this host lie; `/` except in tests. */
  readonly root: string;
}

export async function gather(config: Config, options: GatherOptions): Promise<Evidence> {
  const files = new HostFiles(options.root);
  const clusters = await Promise.all(followedClusters(config).map(askPatroni));
  const network = await watchNetwork(clusters, options.listenMs);
  return {
    config,
    files,
    processes: files.processes(),
    process: processEvidence(),
    clusters,
    firewall: await readFirewall(),
    network,
    peers: await tryPeers(clusters, network),
    clocks: await readClocks(clusters, network),
  };
}

function processEvidence(): ProcessEvidence {
  const common = { missingCapabilities: missingCapabilities(), rawSocket: missingRawSocket() };
  try {
    return { ...common, addon: { kind: "loaded", napi: addonNapiVersion() } };
  } catch (error) {
    if (!(error instanceof PgvipError)) throw error;
    return { ...common, addon: { kind: "missing", text: error.message } };
  }
}

/**
 * `/cluster` last: it makes Patroni read its DCS, and would hide that it had not been able to. A process that has just begun
 * needs more time to connect than the agent does, and would take a refusal for silence.
 */
async function askPatroni(followed: FollowedCluster): Promise<PatroniEvidence> {
  const patroni = openPatroni({ ...followed.patroni, connectTimeoutMs: PATRONI_TIMEOUT_MS }, systemClock);
  try {
    const askedAtMs = Date.now();
    const { observation } = await patroni.health("/primary", PATRONI_TIMEOUT_MS);
    const dcs = await patroni.settings(PATRONI_TIMEOUT_MS);
    const members = await patroni.members(PATRONI_TIMEOUT_MS);
    return { followed, observation, askedAtMs, dcs, members };
  } finally {
    patroni.close();
  }
}

interface Seen {
  readonly frames: { readonly ifIndex: number; readonly sighting: Sighting }[];
  /** Interface index of each advert that was received as the agent does it. */
  readonly adverts: number[];
}

/** Listens on the interface of each group, and asks there who has its VIPs and the members' addresses. */
async function watchNetwork(clusters: readonly PatroniEvidence[], listenMs: number): Promise<NetworkEvidence | null> {
  const members = membersOf({ clusters }).flatMap(({ host }) => (host === null ? [] : (canonicalAddress(host) ?? [])));
  const seen: Seen = { frames: [], adverts: [] };
  const wire = await openWire(seen);
  if (wire === null) return null;
  try {
    const { links, addresses } = wire.interfaces;
    const groups = clusters.flatMap((cluster) =>
      cluster.followed.groups.map((group) => groupEvidence(group, scopeOf(cluster), links, addresses)),
    );
    const network = { links, addresses, groups, listenedMs: listenMs };
    for (const group of groups) {
      const link = linkOf(group, network);
      if (link === null || !link.up) continue;
      await wire.capture(link.ifIndex, [...new Set(group.config.vips.map(({ family }) => family))]);
      if (link.mac.length === 6) await wire.send(link.ifIndex, questions(group.config, members, formatMac(link.mac)));
    }
    await sleep(listenMs);
    return { ...network, groups: groups.map((group) => withSightings(group, network, seen)) };
  } finally {
    wire.close();
  }
}

function scopeOf({ followed, observation }: PatroniEvidence): string | null {
  const told = observation.kind === "answered" ? observation.status.scope : null;
  return told ?? followed.patroni.scope;
}

async function openWire(seen: Seen): Promise<WireWatch | null> {
  try {
    return await WireWatch.open({
      frame: ({ ifIndex, frame }) => {
        const sighting = readFrame(frame);
        if (sighting !== null) seen.frames.push({ ifIndex, sighting });
      },
      advert: (ifIndex) => void seen.adverts.push(ifIndex),
    });
  } catch (error) {
    if (error instanceof PgvipError) return null;
    throw error;
  }
}

function groupEvidence(
  config: GroupConfig,
  scope: string | null,
  links: NetworkEvidence["links"],
  addresses: NetworkEvidence["addresses"],
): GroupEvidence {
  const derived = scope === null ? null : deriveRouterId(scope, config.vips[0]?.address ?? "");
  return {
    config,
    place: resolveInterface(config, links, addresses),
    routerId: config.routerId ?? derived,
    sightings: [],
    advertsReceived: 0,
    answers: new Map(),
  };
}

/** Probes touch nobody's neighbour cache (RFC 5227 section 1.1). */
function questions(group: GroupConfig, members: readonly string[], mac: MacAddress): readonly Uint8Array[] {
  return [...group.vips.map(({ address }) => address), ...members].map((address) =>
    familyOf(address) === "ipv6" ? neighborProbe(address, mac) : arpProbe(address, mac),
  );
}

function withSightings(group: GroupEvidence, network: NetworkEvidence, seen: Seen): GroupEvidence {
  const link = linkOf(group, network);
  const own = link?.mac.length === 6 ? formatMac(link.mac) : null;
  const sightings = seen.frames.filter(({ ifIndex }) => ifIndex === link?.ifIndex).map(({ sighting }) => sighting);
  const answers = new Map<string, readonly MacAddress[]>();
  for (const sighting of sightings) {
    const claim = claimOf(sighting);
    if (claim === null || sighting.mac === own) continue;
    const known = answers.get(claim.address) ?? [];
    if (!known.includes(claim.mac)) answers.set(claim.address, [...known, claim.mac]);
  }
  const advertsReceived = seen.adverts.filter((ifIndex) => ifIndex === link?.ifIndex).length;
  return { ...group, sightings, answers, advertsReceived };
}

async function tryPeers(
  clusters: readonly PatroniEvidence[],
  network: NetworkEvidence | null,
): Promise<readonly PeerEvidence[]> {
  if (network === null) return [];
  const own = new Set(network.addresses.map(({ address }) => address));
  const peers = membersOf({ clusters }).flatMap(({ name, host }) => {
    const address = host === null ? null : canonicalAddress(host);
    return address === null || own.has(address) ? [] : [{ name, address }];
  });
  return probePeers(peers);
}

async function readClocks(
  clusters: readonly PatroniEvidence[],
  network: NetworkEvidence | null,
): Promise<readonly ClockEvidence[]> {
  const own = new Set(network?.addresses.map(({ address }) => address));
  const told = await Promise.all(
    clusters.map((cluster) => {
      const others = membersOf({ clusters: [cluster] }).filter(({ host }) => host === null || !own.has(host));
      return askClocks(others, cluster.followed.patroni);
    }),
  );
  return told.flat();
}

async function readFirewall(): Promise<FirewallEvidence> {
  const run = promisify(execFile);
  const limits = { timeout: COMMAND_TIMEOUT_MS, maxBuffer: COMMAND_BYTES };
  try {
    const { stdout } = await run("nft", ["-j", "list", "ruleset"], limits);
    return { kind: "nft", json: stdout };
  } catch (nft) {
    try {
      const { stdout } = await run("iptables-save", [], limits);
      return { kind: "iptables", text: stdout };
    } catch {
      return { kind: "unknown", text: `neither nft nor iptables-save can be asked (${reasonOf(nft)})` };
    }
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return "code" in error && error.code === "ENOENT" ? "not installed" : (error.message.split("\n")[0] ?? "");
}
