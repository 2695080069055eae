/**
 * The configuration that the agent runs on: checked, complete, without sources. Spans are in milliseconds, `null` stands
 * for "find out at run time".
 */
import { assert } from "../assert.js";
import type { Cidr } from "../wire/addresses.js";
import type { AdvertKey, Signatures } from "../wire/advert-trailer.js";
import { type Dialect, passwordBytes } from "../wire/vrrp.js";
import type { Settings, VipSettings } from "./schema.js";
import type { HostPort } from "./values.js";

export interface Config {
  /** The one that groups follow which name no cluster. */
  readonly patroni: PatroniConfig;
  /** Further ones, by the names that groups know them by. */
  readonly clusters: ReadonlyMap<string, PatroniConfig>;
  /** At least one. */
  readonly groups: readonly GroupConfig[];
  readonly onStop: "release" | "keep";
  readonly socketPath: string;
  readonly stateDirectory: string;
  readonly notify: NotifyConfig;
  readonly hooks: HookConfig;
  /** Where Prometheus finds the metrics. */
  readonly metrics: HostPort | null;
  readonly logLevel: Settings["log_level"];
}

/** The FIFO for hints. */
export interface NotifyConfig {
  readonly fifoPath: string;
  /** `null`: everybody on this host may write. */
  readonly group: string | null;
}

/** A program and its arguments. */
export type Program = readonly string[];

export interface HookConfig {
  readonly acquire: Program | null;
  readonly release: Program | null;
  readonly fault: Program | null;
  readonly user: string | null;
  readonly timeoutMs: number;
}

export interface PatroniConfig {
  /** `http://127.0.0.1:8008`: no path, no final slash, no credentials. */
  readonly url: string;
  readonly scope: string | null;
  readonly name: string | null;
  readonly credentials: { readonly username: string; readonly password: string } | null;
  readonly tls: TlsConfig;
  readonly connectTimeoutMs: number;
  readonly postgres: HostPort;
}

/** Paths of PEM files. */
export interface TlsConfig {
  readonly ca: string | null;
  readonly client: { readonly cert: string; readonly key: string } | null;
  readonly verify: boolean;
}

/** VIPs that move together under one virtual router ID. */
export interface GroupConfig {
  /** At least one, in the order given. */
  readonly vips: readonly Cidr[];
  readonly interface: string | null;
  /** A name of `Config.clusters`; `null` = `Config.patroni`. */
  readonly cluster: string | null;
  readonly role: Role;
  /** `GET` path of Patroni's REST API whose 200 says that this node has the role. */
  readonly healthPath: string;
  /** `null`: Patroni's leader lock is the election. */
  readonly election: { readonly preempt: boolean; readonly preemptDelayMs: number } | null;
  readonly routerId: number | null;
  readonly label: string | null;
  /** The VIP lives on an interface of its own with the virtual router's MAC. Then there is a router ID. */
  readonly virtualMac: boolean;
  readonly priority: number;
  readonly dialect: Dialect;
  /** `null`: adverts are not signed. */
  readonly signatures: Signatures | null;
  readonly transport: Transport;
  readonly takeOn: "auto" | "lock" | "writable";
  /** 0 = none. */
  readonly kernelLeaseSeconds: number;
  readonly destroySockets: boolean;
  readonly timing: GroupTiming;
}

export type Role = VipSettings["role"];

export type Transport =
  | { readonly kind: "multicast" }
  /** `members`: whoever Patroni's `/cluster` lists. */
  | { readonly kind: "unicast"; readonly peers: readonly string[] | "members" };

/** The spans that the core decides by; it says what they mean (`Timing` in core/types.ts). */
export interface GroupTiming {
  readonly advertIntervalMs: number;
  readonly skewUnitMs: number | null;
  readonly pollMs: number;
  readonly turboMs: number;
  readonly lockPollMs: number;
  readonly answerTimeoutMs: number;
  readonly leaseMs: number;
  readonly holdTimeoutMs: number;
  readonly silenceTimeoutMs: number;
  readonly startupGraceMs: number;
  readonly promoteGraceMs: number;
}

/** Passwords, from wherever they were kept. */
export interface Secrets {
  readonly patroni: string | null;
  readonly clusters: ReadonlyMap<string, string | null>;
  /** In the order of the VIPs' entries. */
  readonly vips: readonly VipSecrets[];
}

export interface VipSecrets {
  /** VRRPv2 password. */
  readonly password: string | null;
  /** In the order of the settings. */
  readonly keys: readonly AdvertKey[];
}

const NO_SECRETS: VipSecrets = { password: null, keys: [] };

/** Puts checked settings into the agent's terms. */
export function configOf(settings: Settings, secrets: Secrets): Config {
  return {
    patroni: patroniOf(settings.patroni, secrets.patroni),
    clusters: new Map(
      Object.entries(settings.clusters).map(([name, cluster]) => [
        name,
        patroniOf(cluster, secrets.clusters.get(name) ?? null),
      ]),
    ),
    groups: settings.vips.map((vip, index) => groupOf(vip, secrets.vips[index] ?? NO_SECRETS)),
    onStop: settings.on_stop,
    socketPath: settings.socket,
    stateDirectory: settings.state_directory,
    notify: {
      fifoPath: settings.notify_fifo ?? defaultFifo(settings.socket),
      group: settings.notify_group ?? null,
    },
    hooks: {
      acquire: settings.on_acquire ?? null,
      release: settings.on_release ?? null,
      fault: settings.on_fault ?? null,
      user: settings.hook_user ?? null,
      timeoutMs: settings.hook_timeout,
    },
    metrics: settings.metrics ?? null,
    logLevel: settings.log_level,
  };
}

/** Beside the control socket. */
export function defaultFifo(socketPath: string): string {
  return socketPath.replace(/[^/]*$/, "notify");
}

/** VRRPv2 counts whole seconds; 1 s is what its routers use unless told otherwise. */
const DEFAULT_ADVERT_INTERVAL_MS = { 3: 100, 2: 1000 } as const;

/** VRRPv2's Skew_Time is a share of a second, whatever the interval (RFC 3768 section 6.1). */
const V2_SKEW_UNIT_MS = 1000;

/** The Patroni that a group follows, by the name in its settings; that there is such a cluster was checked. */
export function patroniNamed({ patroni, clusters }: Config, name: string | null): PatroniConfig {
  const found = name === null ? patroni : clusters.get(name);
  assert(found !== undefined, `there is a cluster ${name ?? ""}`);
  return found;
}

/** A cluster that is followed, with the groups that follow it. */
export interface FollowedCluster {
  /** `null`: the one of the section `patroni`. */
  readonly name: string | null;
  readonly patroni: PatroniConfig;
  readonly groups: readonly GroupConfig[];
}

/** Clusters that some group follows, in the order of the groups. */
export function followedClusters(config: Config): readonly FollowedCluster[] {
  return [...new Set(config.groups.map(({ cluster }) => cluster))].map((name) => ({
    name,
    patroni: patroniNamed(config, name),
    groups: config.groups.filter(({ cluster }) => cluster === name),
  }));
}

/** `password`: `null` without one, and for those who only look. */
export function patroniOf(patroni: Settings["patroni"], password: string | null): PatroniConfig {
  const { username, cert, key } = patroni;
  return {
    url: patroni.url,
    scope: patroni.scope ?? null,
    name: patroni.name ?? null,
    credentials: username === undefined || password === null ? null : { username, password },
    tls: {
      ca: patroni.ca ?? null,
      client: cert === undefined || key === undefined ? null : { cert, key },
      verify: !patroni.insecure,
    },
    connectTimeoutMs: patroni.connect_timeout,
    postgres: patroni.postgres,
  };
}

function groupOf(vip: VipSettings, { password, keys }: VipSecrets): GroupConfig {
  return {
    vips: vip.address,
    interface: vip.interface ?? null,
    cluster: vip.cluster ?? null,
    role: vip.role,
    healthPath: healthPathOf(vip),
    election: electionOf(vip),
    routerId: vip.router_id ?? null,
    label: vip.label ?? null,
    virtualMac: vip.vmac,
    priority: vip.priority,
    dialect: dialectOf(vip, password),
    signatures: signaturesOf(vip, keys),
    transport: vip.transport === "unicast" ? { kind: "unicast", peers: vip.peers ?? "members" } : { kind: "multicast" },
    takeOn: vip.take_on,
    kernelLeaseSeconds: vip.kernel_lease / 1000,
    destroySockets: vip.destroy_sockets,
    timing: timingOf(vip),
  };
}

/** Patroni's health checks by role (documentation of its REST API). */
const PATHS: Readonly<Record<Role, string>> = {
  primary: "/primary",
  replica: "/replica",
  sync: "/sync",
  async: "/async",
  "standby-leader": "/standby-leader",
  any: "/health",
};

function healthPathOf({ role, max_lag, tags = [] }: VipSettings): string {
  const conditions = tags.map((tag) => tag.split("=")).map(([key = "", value = ""]) => [`tag_${key}`, value] as const);
  const query = [...(max_lag === undefined ? [] : [["lag", max_lag] as const]), ...conditions];
  const encoded = query.map(([key, value]) => `${encodeURIComponent(key)}=${encodeURIComponent(value)}`);
  return [PATHS[role], ...(encoded.length === 0 ? [] : [encoded.join("&")])].join("?");
}

function electionOf({ role, preempt, preempt_delay }: VipSettings): GroupConfig["election"] {
  if (role === "primary") return null;
  return { preempt: preempt ?? true, preemptDelayMs: preempt_delay ?? 0 };
}

function dialectOf({ vrrp_version, checksum }: VipSettings, authPass: string | null): Dialect {
  if (vrrp_version === 3) return { kind: "v3", checksum: checksum === "pdu-only" ? "pduOnly" : "pseudoHeader" };
  const bytes = authPass === null ? null : passwordBytes(authPass);
  return { kind: "v2", authentication: bytes === null ? { kind: "none" } : { kind: "password", bytes } };
}

/** As keepalived's: three adverts may be lost, and clocks that are kept by NTP are no 5 s apart. */
const WINDOW_ADVERTS = 3;
const LEAST_WINDOW_SECONDS = 5;

function signaturesOf(vip: VipSettings, [first, ...others]: readonly AdvertKey[]): Signatures | null {
  if (first === undefined) return null;
  const preset = Math.max(LEAST_WINDOW_SECONDS, Math.ceil((WINDOW_ADVERTS * advertIntervalOf(vip)) / 1000));
  const windowSeconds = vip.auth_window === undefined ? preset : vip.auth_window / 1000;
  return { keys: [first, ...others], mode: vip.auth_mode ?? "enforce", windowSeconds };
}

function advertIntervalOf({ advert_interval, vrrp_version }: VipSettings): number {
  return advert_interval ?? DEFAULT_ADVERT_INTERVAL_MS[vrrp_version];
}

function timingOf(vip: VipSettings): GroupTiming {
  return {
    advertIntervalMs: advertIntervalOf(vip),
    skewUnitMs: vip.vrrp_version === 2 ? V2_SKEW_UNIT_MS : null,
    pollMs: vip.poll_interval,
    turboMs: vip.turbo_interval,
    lockPollMs: vip.lock_interval,
    answerTimeoutMs: vip.answer_timeout,
    leaseMs: vip.lease,
    holdTimeoutMs: vip.hold_timeout,
    silenceTimeoutMs: vip.silence_timeout,
    startupGraceMs: vip.startup_grace,
    promoteGraceMs: vip.promote_grace,
  };
}
