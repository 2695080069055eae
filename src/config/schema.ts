/**
 * All settings of pgvip: the one table from which types, validation, JSON Schema, flags, PGVIP_* variables and the README's
 * table derive. What a setting is called elsewhere follows from its path (fields.ts).
 *
 * Names are those of the YAML file. What the rest of the agent sees is `Config` (config.ts).
 */
import * as v from "valibot";
import * as value from "./values.js";

/** A setting with a default, written as in the file. */
function preset<Schema extends v.GenericSchema, const Default extends v.InferInput<Schema>>(
  schema: Schema,
  fallback: Default,
  about: string,
) {
  return v.optional(v.pipe(schema, v.description(about)), fallback);
}

/** A setting that may be left out. */
function given<Schema extends v.GenericSchema>(schema: Schema, about: string) {
  return v.exactOptional(v.pipe(schema, v.description(about)));
}

export const patroni = v.strictObject({
  url: preset(value.httpOrigin, "http://127.0.0.1:8008", "Patroni's REST API on this node."),
  config: given(
    value.path,
    "Patroni's own YAML file: gives url, scope, name, TLS files, credentials and PostgreSQL's port.",
  ),
  scope: given(value.text, "Cluster that Patroni must be of; an answer of another one is not believed."),
  name: given(value.text, "Member name that Patroni must have (told from 4.0 on)."),
  username: given(value.text, "User for basic authentication."),
  password: given(value.text, "Its password; better in password_file."),
  password_file: given(value.path, "File whose first line is the password."),
  ca: given(value.path, "PEM file of the CA that signed Patroni's certificate."),
  cert: given(value.path, "PEM file of the client certificate."),
  key: given(value.path, "PEM file of the client certificate's key, not encrypted."),
  insecure: preset(value.yesNo, false, "Do not verify Patroni's certificate."),
  connect_timeout: preset(
    value.duration({ from: "1ms", to: "30s" }),
    "100ms",
    "Connecting to Patroni takes at most this long.",
  ),
  postgres: preset(
    value.hostPort,
    "127.0.0.1:5432",
    "PostgreSQL's port on this node, tried when Patroni does not answer.",
  ),
});

const CLUSTER_NAME_WANTED = "a name of at most 64 letters, digits, dots, dashes and underscores";
const clusterName = v.pipe(
  v.string(CLUSTER_NAME_WANTED),
  v.regex(/^[\w.-]{1,64}$/, CLUSTER_NAME_WANTED),
  v.metadata({ placeholder: "name", onlyInFile: true }),
);

export const CLUSTERS_WANTED = "a mapping of names to settings as in patroni";

export const vip = v.strictObject({
  address: v.pipe(
    value.vipAddresses,
    v.description("The virtual IP with its prefix length, or a list that moves together."),
    v.metadata({ option: "vip" }),
  ),
  interface: given(value.interfaceName, "Interface; by default the one whose subnet has the VIP."),
  role: preset(
    value.oneOf(["primary", "replica", "sync", "async", "standby-leader", "any"]),
    "primary",
    "Role in the cluster that the VIP follows. Where several nodes have it, they elect one by VRRP; any is every node whose PostgreSQL runs.",
  ),
  cluster: given(clusterName, "Which of clusters it follows; by default the Patroni of the section patroni."),
  max_lag: given(value.lag, "A replica that is further behind may not have the VIP (roles replica, sync, async)."),
  tags: given(value.tags, "Patroni's tags that a node must have (the same roles)."),
  preempt: given(
    value.yesNo,
    "Whether an eligible node takes an elected VIP from one of lower priority; true by default.",
  ),
  preempt_delay: given(
    value.duration({ from: "0s", to: "60m" }),
    "It does so only after it has been eligible for this long; 0s by default.",
  ),
  router_id: given(value.wholeNumber(1, 255), "VRRP virtual router ID; by default from scope and VIP."),
  label: given(value.label, "Label of the IPv4 address, such as eth0:1; starts with the interface's name."),
  vmac: preset(
    value.yesNo,
    false,
    "The VIP has the virtual router's MAC address instead of the interface's: neighbours keep their entries when it moves.",
  ),
  priority: preset(value.wholeNumber(1, 255), 254, "VRRP priority of the holder's adverts."),
  advert_interval: given(
    value.duration({ from: "10ms", to: "255s", step: "10ms" }),
    "Time between two adverts of the holder; by default 100ms, with VRRPv2 1s. VRRPv3 goes up to 40.95s, VRRPv2 has whole seconds.",
  ),
  vrrp_version: preset(value.oneOf([3, 2]), 3, "Version of VRRP; 2 is for neighbours that know nothing else."),
  auth_pass: given(value.authPass, "VRRPv2 password (auth_type PASS of keepalived); better in auth_pass_file."),
  auth_pass_file: given(value.path, "File whose first line is that password."),
  auth_keys: given(
    value.authKeys,
    "Keys that sign adverts (HMAC-SHA256), by ID: the first signs, all are accepted. Best in files, as 1=file:/etc/pgvip/vrrp-1.key.",
  ),
  auth_mode: given(
    value.oneOf(["enforce", "permissive", "receive-only"]),
    "By default (enforce) only signed adverts are heard. On the way there: receive-only checks signatures, permissive signs as well, and both hear unsigned adverts, too.",
  ),
  auth_window: given(
    value.duration({ from: "1s", to: "5m", step: "1s" }),
    "How far the clocks of the nodes may be apart; by default three advert intervals, at least 5s.",
  ),
  checksum: preset(
    value.oneOf(["pseudo-header", "pdu-only"]),
    "pseudo-header",
    "What the checksum of IPv4 adverts covers; pdu-only is RFC 9568 to the letter.",
  ),
  transport: preset(value.oneOf(["multicast", "unicast"]), "multicast", "How adverts travel."),
  peers: given(value.addresses, "Destinations of unicast adverts; by default the members of the cluster."),
  take_on: preset(
    value.oneOf(["auto", "lock", "writable"]),
    "auto",
    "Take the VIP with the leader lock, or when PostgreSQL takes writes; auto does what hurts least.",
  ),
  kernel_lease: preset(
    value.durationOrOff({ from: "1s", to: "60s", step: "1s" }),
    "2s",
    "Lifetime of the address in the kernel, renewed while the agent lives.",
  ),
  lease: preset(
    value.duration({ from: "200ms", to: "60s" }),
    "1s",
    "The VIP is given up when the agent's core has not renewed for this long.",
  ),
  poll_interval: preset(value.duration({ from: "10ms", to: "10s" }), "100ms", "Time between two questions to Patroni."),
  turbo_interval: preset(
    value.duration({ from: "1ms", to: "10s" }),
    "10ms",
    "The same while a fail-over may be under way.",
  ),
  lock_interval: preset(
    value.duration({ from: "1ms", to: "10s" }),
    "5ms",
    "The same from the leader lock to writability.",
  ),
  answer_timeout: preset(
    value.duration({ from: "1ms", to: "30s" }),
    "300ms",
    "A whole exchange with Patroni at most this.",
  ),
  hold_timeout: preset(
    value.duration({ from: "0s", to: "10m" }),
    "5s",
    "A former leader keeps an unclaimed VIP this long while PostgreSQL is down.",
  ),
  silence_timeout: preset(
    value.duration({ from: "0s", to: "10m" }),
    "15s",
    "The same while Patroni is silent and PostgreSQL alive; never beyond the leader lock's lease.",
  ),
  startup_grace: preset(
    value.duration({ from: "0s", to: "10m" }),
    "3s",
    "A VIP found at start waits this long for Patroni's first answer.",
  ),
  promote_grace: preset(
    value.duration({ from: "0s", to: "10m" }),
    "1s",
    "With take_on auto: wait at most this long for writability while the old holder still answers.",
  ),
  destroy_sockets: preset(value.yesNo, true, "Reset the VIP's TCP connections when it is given up."),
});

const NO_VIPS = "a list with at least one VIP: --vip 192.0.2.10/24, PGVIP_VIP, or `vips:` in the file";

export const schema = v.strictObject({
  patroni: v.optional(patroni, {}),
  clusters: preset(
    v.pipe(
      v.record(clusterName, patroni, CLUSTERS_WANTED),
      v.metadata({ placeholder: "name: settings as in patroni" }),
    ),
    {},
    "More Patroni clusters with a member on this node, by names of your own.",
  ),
  vips: v.optional(v.pipe(v.array(vip, NO_VIPS), v.minLength(1, NO_VIPS)), []),
  on_stop: preset(value.oneOf(["release", "keep"]), "release", "What happens to the VIP when the agent is stopped."),
  socket: preset(
    value.socketPath,
    "/run/pgvip/pgvip.sock",
    "Control socket, for `pgvip status` and the other commands.",
  ),
  state_directory: preset(
    value.path,
    "/var/lib/pgvip",
    "Where history, and maintenance that outlives a restart, are kept.",
  ),
  notify_fifo: given(
    value.path,
    "FIFO that a line is written to for an immediate question to Patroni; by default notify beside the control socket.",
  ),
  notify_group: given(value.text, "Group that may write to it; by default everybody on this host may."),
  on_acquire: given(value.program, "Program with its arguments that is run when this node has taken a VIP."),
  on_release: given(value.program, "The same when it has let one go."),
  on_fault: given(value.program, "The same when a VIP cannot be had here: no link, or the kernel refuses the address."),
  hook_user: given(value.text, "User that these programs run as; by default the agent's own."),
  hook_timeout: preset(
    value.duration({ from: "100ms", to: "10m" }),
    "10s",
    "Such a program is killed after this time.",
  ),
  metrics: given(
    value.endpoint,
    "Endpoint for Prometheus, such as 10.0.0.1:9750, or a port of 127.0.0.1; none by default.",
  ),
  log_level: preset(
    value.oneOf(["trace", "debug", "info", "warn", "error", "fatal", "silent"]),
    "info",
    "Least severity that is logged.",
  ),
});

/** The settings as written, checked, with defaults filled in and texts parsed. */
export type Settings = v.InferOutput<typeof schema>;
export type PatroniSettings = v.InferOutput<typeof patroni>;
export type VipSettings = v.InferOutput<typeof vip>;
