/** Several nodes' keepalived configurations as one of pgvip: an instance on each node becomes one VIP. */
import type { Draft, PatroniInput, Section, VipDraft, VipInput } from "./draft.js";
import { type Finding, joined } from "./findings.js";
import type { SignatureSettings } from "./keepalived-signatures.js";
import type { Instance, Keepalived } from "./keepalived.js";

const LOOPBACK = "http://127.0.0.1:8008";

/** One of each node. */
export function draftOf(nodes: readonly Keepalived[]): Draft {
  const byVips = new Map<string, Instance[]>();
  for (const instance of nodes.flatMap(({ instances }) => instances.flatMap(byDevice).flatMap(byFamily))) {
    const key = instance.addresses
      .map(({ cidr }) => addressIn(cidr))
      .sort()
      .join(",");
    byVips.set(key, [...(byVips.get(key) ?? []), instance]);
  }
  const drafts = [...byVips.values()].map((same) => new VipDrafter(same));
  const vips: VipDraft[] = [];
  for (const drafter of drafts) vips.push(drafter.draft(vips));
  const patroni = patroniOf([...byVips.values()].flat());
  const found = [
    ...drafts.flatMap(({ findings }) => findings),
    ...ownUrlOf(patroni.settings),
    ...nodes.flatMap(({ findings }) => findings),
  ];
  return { patroni, vips, findings: joined(found) };
}

/** keepalived puts each address on an interface of its choice; ours has one for all addresses of a group. */
function byDevice(instance: Instance): readonly Instance[] {
  const devices = new Set(instance.addresses.map(({ device }) => device ?? instance.device));
  return [...devices].map((device) => ({
    ...instance,
    device,
    addresses: instance.addresses.filter((address) => (address.device ?? instance.device) === device),
  }));
}

/** The same for VRRPv2, which has no IPv6: keepalived tells nobody about the IPv6 addresses of such an instance. */
function byFamily(instance: Instance): readonly Instance[] {
  const isIpv6 = (text: string): boolean => text.includes(":");
  const ipv6 = instance.addresses.filter(({ cidr }) => isIpv6(cidr));
  if (instance.version === 3 || ipv6.length === 0) return [instance];
  const ipv4 = instance.addresses.filter(({ cidr }) => !isIpv6(cidr));
  const peers = instance.peers.filter(isIpv6);
  const speaksIpv6 = { ...instance, version: 3, password: null, addresses: ipv6, peers } as const;
  return ipv4.length === 0 ? [speaksIpv6] : [{ ...instance, addresses: ipv4 }, speaksIpv6];
}

function addressIn(cidr: string): string {
  return cidr.replace(/\/.*/, "");
}

/** The same file goes to every node, so it asks the Patroni of whatever node it is on. */
function patroniOf(instances: readonly Instance[]): Section<PatroniInput> {
  const checks = instances.flatMap(({ check }) => check ?? []);
  const origins = [...new Set(checks.flatMap(({ origin }) => origin ?? []))];
  const [first] = origins;
  const check = checks[0];
  const url = new URL(first ?? LOOPBACK);
  // A certificate is for a name, so that of a node stays.
  if (url.protocol === "http:") url.hostname = "127.0.0.1";
  const asked = origins.length === 0 ? "no check named a Patroni" : `the checks asked ${origins.join(" and ")}`;
  const access = check === undefined ? {} : accessOf(check);
  return {
    settings: { url: url.origin, ...access },
    notes: {
      url: `${asked}; this must be the Patroni of the node itself, so adapt it where that does not listen here`,
    },
  };
}

function ownUrlOf({ url = LOOPBACK }: PatroniInput): readonly Finding[] {
  if (/^(localhost|127\..*|\[::1\])$/.test(new URL(url).hostname)) return [];
  const why = "each node needs the URL of its own Patroni: in its file, or as PGVIP_PATRONI_URL";
  return [{ kind: "byHand", places: [], what: `patroni.url ${url}`, why }];
}

function accessOf({ tls, credentials }: NonNullable<Instance["check"]>): PatroniInput {
  return {
    ...(tls.insecure ? { insecure: true } : {}),
    ...(tls.ca === null ? {} : { ca: tls.ca }),
    ...(tls.client === null ? {} : { cert: tls.client.cert, key: tls.client.key }),
    ...(credentials ?? {}),
  };
}

/** What the wire needs as long as keepalived runs on other nodes. */
const MIGRATION = "as keepalived has it; may go when it runs nowhere any more";

const KEYS =
  "as keepalived has them, the one that signs first; a key that is written here is for those alone who may read this file (mode 0600)";

class VipDrafter {
  readonly findings: Finding[] = [];
  readonly #instances: readonly Instance[];
  readonly #first: Instance;

  constructor(instances: readonly Instance[]) {
    this.#instances = instances;
    const [first] = instances;
    if (first === undefined) throw new Error("a VIP comes from an instance");
    this.#first = first;
  }

  /** `before`: those that have their router IDs already. */
  draft(before: readonly VipDraft[]): VipDraft {
    const { addresses, device } = this.#first;
    const [one] = addresses;
    const list = addresses.map(({ cidr }) => cidr);
    const role = this.#role();
    const routerId = this.#routerId(before);
    const virtualMac = this.#virtualMac(routerId);
    const label = this.#label(virtualMac);
    const settings: VipInput = {
      address: list.length === 1 && one !== undefined ? one.cidr : list,
      ...(device === null ? {} : { interface: device }),
      ...role,
      ...routerId,
      ...(label === null ? {} : { label }),
      ...virtualMac,
      ...this.#election(role.role ?? "primary"),
      ...this.#wire(),
      ...this.#transport(),
    };
    this.#judgePrefixes();
    this.#judgeMasters();
    this.#judgeAddresses();
    const heading = this.#instances.map(({ name, place }) => `vrrp_instance ${name} (${place})`).join(", ");
    return { heading, settings, notes: this.#notes(settings) };
  }

  #notes(settings: VipInput): VipDraft["notes"] {
    return {
      ...(settings.vrrp_version === undefined ? {} : { vrrp_version: MIGRATION }),
      ...(settings.auth_pass === undefined ? {} : { auth_pass: MIGRATION }),
      ...(settings.auth_keys === undefined ? {} : { auth_keys: KEYS }),
      ...(settings.advert_interval === undefined ? {} : { advert_interval: MIGRATION }),
      ...(settings.peers === undefined
        ? {}
        : { peers: "one list for all nodes; without it Patroni's members are the peers" }),
    };
  }

  #role(): Pick<VipInput, "role" | "max_lag" | "tags"> {
    const checks = this.#instances.flatMap(({ check }) => check ?? []);
    const [check] = checks;
    if (check === undefined) {
      const why = "no check asks Patroni where the VIP belongs; it is taken to follow the primary";
      this.#find("wrong", "no Patroni check", why);
      return {};
    }
    for (const condition of check.ignored)
      this.#find("byHand", condition, "a condition of the check that pgvip has no setting for");
    return {
      ...(check.role === "primary" ? {} : { role: check.role }),
      ...(check.maxLag === null ? {} : { max_lag: check.maxLag }),
      ...(check.tags.length === 0 ? {} : { tags: [...check.tags] }),
    };
  }

  #virtualMac({ router_id }: Pick<VipInput, "router_id">): Pick<VipInput, "vmac"> {
    const having = this.#instances.filter(({ virtualMac }) => virtualMac);
    const [one] = having;
    if (one === undefined) return {};
    if (this.#first.peers.length > 0 || router_id === undefined) {
      const why =
        router_id === undefined
          ? "vmac: true needs a router_id, which the MAC is made of"
          : "pgvip has the virtual MAC with multicast only, by which switches learn where it is";
      this.#find("byHand", "use_vmac", why, one.place);
      return {};
    }
    const why = "the VIP had another MAC on the other nodes; with vmac: true it is one on all of them";
    if (having.length < this.#instances.length) this.#find("wrong", "use_vmac on some nodes", why, one.place);
    return { vmac: true };
  }

  /** One for the group. */
  #label({ vmac }: Pick<VipInput, "vmac">): string | null {
    const { addresses, device } = this.#first;
    const labels = [...new Set(addresses.flatMap(({ label }) => label ?? []))];
    if (vmac === true) {
      const why = "a VIP with a virtual MAC is on an interface of its own, whose name says as much";
      for (const label of labels) this.#find("notNeeded", `label ${label}`, why);
      return null;
    }
    const fits = (label: string): boolean => device === null || label === device || label.startsWith(`${device}:`);
    const chosen = labels.find(fits) ?? null;
    for (const label of labels) {
      const why = fits(label) ? "a group of VIPs has one label" : "a label has to start with the interface's name";
      if (label !== chosen) this.#find("byHand", `label ${label}`, why);
    }
    return chosen;
  }

  #judgePrefixes(): void {
    const written = new Set(this.#instances.flatMap(({ addresses }) => addresses.map(({ cidr }) => cidr)));
    if (written.size === this.#first.addresses.length) return;
    const why = "the nodes have the same VIP with different prefix lengths; the first one's are taken";
    this.#find("wrong", [...written].join(" and "), why);
  }

  #routerId(before: readonly VipDraft[]): Pick<VipInput, "router_id"> {
    const ids = [...new Set(this.#instances.flatMap(({ routerId }) => routerId ?? []))];
    if (ids.length > 1) {
      const why =
        "the nodes never heard each other, so nothing but the check kept the VIP from being on all of them; one is enough for one VIP";
      this.#find("wrong", `virtual_router_id ${ids.join(" and ")} for one VIP`, why);
    }
    const [id] = ids;
    if (id === undefined) return {};
    const { device } = this.#first;
    if (!before.some(({ settings }) => settings.router_id === id && (settings.interface ?? null) === device))
      return { router_id: id };
    const why =
      "the ID is in use for other VIPs on this interface; this group gets one of its own, unless you put its addresses into the other's list";
    this.#find("byHand", `virtual_router_id ${String(id)}`, why);
    return {};
  }

  /** For the primary Patroni's lock is the election, and keepalived's terms have no meaning. */
  #election(role: string): Pick<VipInput, "preempt" | "preempt_delay" | "priority"> {
    const { noPreempt, preemptDelay, priority } = this.#first;
    if (role === "primary") {
      const words = [...(noPreempt ? ["nopreempt"] : []), ...(preemptDelay === null ? [] : ["preempt_delay"])];
      if (priority !== null) words.push("priority");
      for (const word of words) this.#find("notNeeded", word, "Patroni's leader lock is the election");
      return {};
    }
    if (priority !== null)
      this.#find("byHand", "priority", "it differs from node to node: PGVIP_PRIORITY in the unit of each");
    return {
      ...(noPreempt ? { preempt: false } : {}),
      ...(preemptDelay === null ? {} : { preempt_delay: durationOf(Number(preemptDelay)) }),
    };
  }

  #wire(): Pick<VipInput, "vrrp_version" | "auth_pass" | "advert_interval"> & SignatureSettings {
    const { version, password, signatures, advertInt } = this.#first;
    const isSigned = signatures.auth_keys !== undefined;
    const written = Number(advertInt ?? "1");
    const seconds = version === 2 ? Math.max(1, Math.round(written)) : written;
    if (Number.isFinite(written) && seconds !== written)
      this.#find("wrong", `advert_int ${String(written)}`, "VRRPv2 has whole seconds, and keepalived rounds it");
    if (version === 3 && password !== null)
      this.#find("notNeeded", "authentication", "VRRPv3 has none, and keepalived ignores it");
    return {
      ...(version === 2 ? { vrrp_version: 2 } : {}),
      // keepalived passes over the password where adverts are signed.
      ...(version === 2 && password !== null && !isSigned ? { auth_pass: password } : {}),
      ...signatures,
      ...(Number.isFinite(seconds) ? { advert_interval: durationOf(seconds) } : {}),
    };
  }

  #transport(): Pick<VipInput, "transport" | "peers"> {
    const peers = [
      ...new Set(this.#instances.flatMap((one) => [...one.peers, ...(one.source === null ? [] : [one.source])])),
    ];
    return this.#first.peers.length === 0 ? {} : { transport: "unicast", peers };
  }

  #judgeMasters(): void {
    const masters = this.#instances.filter(({ isMaster, priority }) => isMaster && priority === null);
    const why =
      "it means priority 255, that of the address's owner: no node gives way to another, and each waits three adverts (3 s) before it takes the VIP";
    for (const { place } of masters) this.#find("wrong", "state MASTER without priority", why, place);
  }

  /** A check on a node asks its own Patroni, so the address in it is the node's own. */
  #judgeAddresses(): void {
    for (const { peers, check, source, place } of this.#instances) {
      const own = source ?? (check?.origin === null || check === null ? null : new URL(check.origin).hostname);
      if (own === null || !peers.includes(own)) continue;
      const why = "a node is not a peer of itself; pgvip leaves its own address out of the list";
      this.#find("wrong", `own address ${own} among unicast_peer`, why, place);
    }
  }

  #find(kind: Finding["kind"], what: string, why: string, place = this.#first.place): void {
    this.findings.push({ kind, places: [place], what, why });
  }
}

function durationOf(seconds: number): string {
  return Number.isInteger(seconds) ? `${String(seconds)}s` : `${String(Math.round(seconds * 1000))}ms`;
}
