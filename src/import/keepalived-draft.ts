/** Several nodes' keepalived configurations as one of pgvip: an instance on each node becomes one VIP. */
import type { Draft, PatroniInput, Section, VipDraft, VipInput } from "./draft.js";
import { type Finding, joined } from "./findings.js";
import type { SignatureSettings } from "./keepalived-signatures.js";
import type { Instance, Keepalived } from "./keepalived.js";

const LOOPBACK = "http://127.0.0.1:8008";

/** One of each node. */
export function draftOf(nodes: readonly Keepalived[]): Draft {
  const byVips = new Map<string, Instance[]>();
  for (const instance of nodes.flatMap(({ instances }) => instances)) {
    if (instance.addresses.length === 0) continue;
    const key = instance.addresses
      .map(({ cidr }) => cidr)
      .sort()
      .join(",");
    byVips.set(key, [...(byVips.get(key) ?? []), instance]);
  }
  const drafts = [...byVips.values()].map((same) => new VipDrafter(same));
  const vips = drafts.map((drafter) => drafter.draft());
  const found = [...drafts.flatMap(({ findings }) => findings), ...nodes.flatMap(({ findings }) => findings)];
  return { patroni: patroniOf([...byVips.values()].flat()), vips, findings: joined(found) };
}

/** The same file goes to every node, so it asks the Patroni of whatever node it is on. */
function patroniOf(instances: readonly Instance[]): Section<PatroniInput> {
  const checks = instances.flatMap(({ check }) => check ?? []);
  const origins = [...new Set(checks.flatMap(({ origin }) => origin ?? []))];
  const [first] = origins;
  const check = checks[0];
  const url = new URL(first ?? LOOPBACK);
  if (check?.tls.insecure !== true && url.protocol === "http:") url.hostname = "127.0.0.1";
  const asked = origins.length === 0 ? "no check named a Patroni" : `the checks asked ${origins.join(" and ")}`;
  const access = check === undefined ? {} : accessOf(check);
  return {
    settings: { url: url.origin, ...access },
    notes: {
      url: `${asked}; this must be the Patroni of the node itself, so adapt it where that does not listen here`,
    },
  };
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

  draft(): VipDraft {
    const { addresses, device } = this.#first;
    const [one] = addresses;
    const via = one?.device ?? device;
    const list = addresses.map(({ cidr }) => cidr);
    const label = addresses.find((address) => address.label !== null)?.label ?? null;
    const role = this.#role();
    const settings: VipInput = {
      address: list.length === 1 && one !== undefined ? one.cidr : list,
      ...(via === null ? {} : { interface: via }),
      ...role,
      ...this.#routerId(),
      ...(label === null ? {} : { label }),
      ...this.#election(role.role ?? "primary"),
      ...this.#wire(),
      ...this.#transport(),
    };
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

  #routerId(): Pick<VipInput, "router_id"> {
    const ids = [...new Set(this.#instances.flatMap(({ routerId }) => routerId ?? []))];
    if (ids.length > 1) {
      const why =
        "the nodes never heard each other, so nothing but the check kept the VIP from being on all of them; one is enough for one VIP";
      this.#find("wrong", `virtual_router_id ${ids.join(" and ")} for one VIP`, why);
    }
    return ids[0] === undefined ? {} : { router_id: ids[0] };
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
      ...(preemptDelay === null ? {} : { preempt_delay: `${preemptDelay}s` }),
    };
  }

  #wire(): Pick<VipInput, "vrrp_version" | "auth_pass" | "advert_interval"> & SignatureSettings {
    const { version, password, signatures, advertInt } = this.#first;
    const isSigned = signatures.auth_keys !== undefined;
    const seconds = Number(advertInt ?? "1");
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
