/** A configuration in words, for `pgvip check`: what the agent will do, with every default spelt out. No secrets. */
import type { HostPort } from "./values.js";
import type { Signatures } from "../wire/advert-trailer.js";
import type { Dialect } from "../wire/vrrp.js";
import {
  type Config,
  type GroupConfig,
  type HookConfig,
  type PatroniConfig,
  type Transport,
  followedClusters,
} from "./config.js";

export function describe(config: Config): string {
  return [
    ...followedClusters(config).flatMap(({ name, patroni, groups }) => [
      ...describePatroni(name, patroni),
      ...groups.flatMap(describeGroup),
    ]),
    "agent",
    row("on stop", config.onStop === "release" ? "release the VIP" : "keep the VIP, for the next start to adopt"),
    row("control socket", config.socketPath),
    row("state directory", config.stateDirectory),
    row("hints", `${config.notify.fifoPath}, from ${config.notify.group ?? "everybody on this host"}`),
    ...describeHooks(config.hooks),
    row("metrics", config.metrics === null ? "none" : `http://${authority(config.metrics)}/metrics`),
    row("log level", config.logLevel),
  ].join("\n");
}

function describeHooks({ acquire, release, fault, user, timeoutMs }: HookConfig): readonly string[] {
  const limits = `as ${user ?? "the agent's user"}, at most ${span(timeoutMs)}`;
  const hooks = { "on acquire": acquire, "on release": release, "on fault": fault };
  return Object.entries(hooks).flatMap(([name, program]) =>
    program === null ? [] : [row(name, `${program.join(" ")} (${limits})`)],
  );
}

function describePatroni(name: string | null, patroni: PatroniConfig): readonly string[] {
  const { tls, credentials, postgres } = patroni;
  const signer = tls.ca === null ? "the system's CAs" : tls.ca;
  return [
    `${name === null ? "" : `${name}: `}Patroni at ${patroni.url}`,
    row("cluster", patroni.scope ?? "whatever it says"),
    row("member", patroni.name ?? "whatever it says"),
    ...(patroni.url.startsWith("https:")
      ? [row("certificate", tls.verify ? `signed by ${signer}` : "not verified")]
      : []),
    ...(tls.client === null ? [] : [row("client certificate", tls.client.cert)]),
    ...(credentials === null ? [] : [row("user", `${credentials.username}, with a password`)]),
    row("connect within", span(patroni.connectTimeoutMs)),
    row("PostgreSQL's port", authority(postgres)),
  ];
}

/** As in a URL. */
function authority({ host, port }: HostPort): string {
  return `${host.includes(":") ? `[${host}]` : host}:${String(port)}`;
}

function followsText({ role }: GroupConfig): string {
  return role === "any" ? "any node whose PostgreSQL runs" : `the ${role}`;
}

function preemptText({ preempt, preemptDelayMs }: NonNullable<GroupConfig["election"]>): string {
  if (!preempt) return ", whoever was first";
  return preemptDelayMs === 0 ? "" : `, the better one after ${span(preemptDelayMs)}`;
}

function describeGroup(group: GroupConfig): readonly string[] {
  const { timing } = group;
  const vips = group.vips.map(({ address, prefixLength }) => `${address}/${String(prefixLength)}`);
  return [
    `VIP ${vips.join(" and ")}`,
    row("follows", followsText(group)),
    row("interface", group.interface ?? "the one whose subnet has the VIP"),
    ...(group.label === null ? [] : [row("label", group.label)]),
    row("router ID", group.routerId === null ? "derived from cluster and VIP" : String(group.routerId)),
    ...(group.virtualMac ? [row("MAC address", "the virtual router's, on an interface of its own")] : []),
    row(
      "adverts",
      `${dialectText(group.dialect)}, priority ${String(group.priority)}, every ${span(timing.advertIntervalMs)}, ${transportText(group.transport)}`,
    ),
    ...(group.dialect.kind === "v2" ? [] : [row("checksum", checksumText[group.dialect.checksum])]),
    ...(group.signatures === null ? [] : [row("signatures", signaturesText(group.signatures))]),
    group.election === null
      ? row("taken on", takeOnText[group.takeOn])
      : row("elected among", `the nodes for which Patroni's ${group.healthPath} is 200${preemptText(group.election)}`),
    row(
      "Patroni is asked",
      `every ${span(timing.pollMs)}, ${span(timing.turboMs)} in a fail-over, ${span(timing.lockPollMs)} from the lock on`,
    ),
    row("answers within", span(timing.answerTimeoutMs)),
    row(
      "lease",
      `${span(timing.leaseMs)}, in the kernel ${group.kernelLeaseSeconds === 0 ? "none" : span(group.kernelLeaseSeconds * 1000)}`,
    ),
    row(
      "kept at most",
      `${span(timing.holdTimeoutMs)} without PostgreSQL, ${span(timing.silenceTimeoutMs)} without Patroni`,
    ),
    row("grace", `${span(timing.startupGraceMs)} at start, ${span(timing.promoteGraceMs)} in a promotion`),
    row("connections", group.destroySockets ? "reset when the VIP goes" : "left alone when the VIP goes"),
  ];
}

const checksumText = { pduOnly: "over the PDU only", pseudoHeader: "with the pseudo-header" } as const;

function dialectText(dialect: Dialect): string {
  if (dialect.kind === "v3") return "VRRPv3";
  return dialect.authentication.kind === "none" ? "VRRPv2" : "VRRPv2 with a password";
}

function signaturesText({ keys, mode, windowSeconds }: Signatures): string {
  const [signing] = keys;
  const signs = mode === "receive-only" ? "none yet" : `with key ${String(signing.id)}`;
  const accepted = keys.map(({ id }) => String(id)).join(", ");
  const others = mode === "enforce" ? "adverts without are dropped" : "adverts without are heard as well";
  return `${signs}; of keys ${accepted} accepted, clocks ${String(windowSeconds)}s apart at most; ${others}`;
}

const takeOnText = {
  auto: "the leader lock when nobody answers for it, otherwise when PostgreSQL takes writes",
  lock: "the leader lock",
  writable: "PostgreSQL taking writes",
} as const;

function transportText(transport: Transport): string {
  if (transport.kind === "multicast") return "by multicast";
  return `to ${transport.peers === "members" ? "the members of the cluster" : transport.peers.join(", ")}`;
}

function span(durationMs: number): string {
  return durationMs >= 1000 ? `${String(durationMs / 1000)}s` : `${String(durationMs)}ms`;
}

function row(name: string, text: string): string {
  return `  ${name.padEnd(18)} ${text}`;
}
