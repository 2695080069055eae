/** What goes on at the segment of each group: who answers for its VIPs, who speaks with its router ID, who cannot be read. */
import { type Evidence, type GroupEvidence, type NetworkEvidence, membersOf, linkOf, vipsText } from "../evidence.js";
import type { Sighting } from "../frames.js";
import { type Said, passed, problem, skipped } from "../finding.js";

type Advert = Sighting & { readonly kind: "advert" };
type BadAdvert = Sighting & { readonly kind: "badAdvert" };

export function duplicateAddress(evidence: Evidence): readonly Said[] {
  return onEachSegment(evidence, (group, network) =>
    group.config.vips.flatMap(({ address }) => holderOf(address, group, network, evidence)),
  );
}

/** One answer from the node that announces the VIP is how it should be; anything else is not. */
function holderOf(vip: string, group: GroupEvidence, network: NetworkEvidence, evidence: Evidence): readonly Said[] {
  const answers = group.answers.get(vip) ?? [];
  const own = network.addresses.some(({ address }) => address === vip);
  const names = answers.map((mac) => whoIs(mac, group, evidence));
  if (answers.length + Number(own) > 1) {
    const holders = [...(own ? ["this node"] : []), ...names].join(" and ");
    return [
      problem("error", `${vip} is on several hosts: ${holders}`, {
        why: "clients reach now one, now the other; with two databases behind them data is lost",
        mend: "find out which of them has no right to it (pgvip status on each node), and remove the address there",
      }),
    ];
  }
  const [mac] = answers;
  if (mac === undefined)
    return [passed(`${vip} ${own ? "is on this node, and nobody else answers for it" : "is free"}`)];
  if (announcers(group).some((advert) => advert.mac === mac)) {
    return [passed(`${vip} is on ${names.join()}, which announces it`)];
  }
  const isMember = memberOf(mac, group, evidence) !== null;
  return [
    problem(isMember ? "warning" : "error", `${vip} is on ${names.join()}, which announces it with no advert`, {
      why: isMember
        ? "the address was put there by something else than an agent with this router ID, and nobody will move it"
        : "a host that is no member of the cluster uses the address: as a VIP it would be a duplicate",
      mend: isMember
        ? "start pgvip on that node, or remove the left-over there: ip address del"
        : "choose a VIP that nobody uses, or take the address from that host",
    }),
  ];
}

export function foreignRouterId(evidence: Evidence): readonly Said[] {
  return onEachSegment(evidence, (group, network) => {
    const { routerId, sightings } = group;
    if (routerId === null) {
      return [skipped(`the router ID of ${vipsText(group.config)} is not known before Patroni tells its scope`)];
    }
    const vips = new Set(group.config.vips.map(({ address }) => address));
    const same = adverts(sightings).filter(({ advert }) => advert.vrid === routerId);
    const foreign = same.filter(({ advert }) => !advert.addresses.some((address) => vips.has(address)));
    const carp = sightings.some((sighting) => sighting.kind === "badAdvert" && sighting.drop === "carp");
    const said = unique(foreign.map(({ header, advert }) => `${header.source} for ${advert.addresses.join(", ")}`)).map(
      (who) =>
        problem("error", `virtual router ID ${String(routerId)} is used by ${who}`, {
          why: "two groups with one router ID on a segment take each other's adverts for their own, and fight",
          mend: `give this group another one, the same on every node: --router-id ${String(freeRouterId(sightings))} is not in use here`,
        }),
    );
    if (said.length > 0) return said;
    const others = unique(adverts(sightings).map(({ advert }) => String(advert.vrid))).filter(
      (id) => id !== String(routerId),
    );
    const seconds = String(network.listenedMs / 1000);
    const beside = [
      ...(others.length === 0 ? [] : [`beside it there are ${others.join(", ")}`]),
      ...(carp ? ["and CARP, which has no router IDs in common with VRRP"] : []),
    ];
    const text = [`nobody else used router ID ${String(routerId)} within ${seconds} s`, ...beside].join("; ");
    return [passed(text)];
  });
}

export function agents(evidence: Evidence): readonly Said[] {
  return onEachSegment(evidence, (group, network) => {
    const heard = announcers(group);
    const vips = vipsText(group.config);
    const several = unique(heard.filter(({ advert }) => advert.priority > 1).map(({ header }) => header.source));
    if (several.length > 1) {
      return [
        problem("error", `${several.join(" and ")} both announce that they hold ${vips}`, {
          why: "one of them does not hear the other, or does not ask Patroni",
          mend: "look at pgvip status on both, and at keepalived or vip-manager with the same VIP",
        }),
      ];
    }
    const [holder] = heard;
    if (holder !== undefined) {
      const intervalMs = holder.advert.interval * (holder.advert.kind === "v3" ? 10 : 1000);
      return [passed(`${nameOf(holder.header.source, evidence)} announces ${vips} every ${String(intervalMs)} ms`)];
    }
    const others = unique(
      otherAnnouncers(group).map(({ header, advert }) => `${header.source} (router ID ${String(advert.vrid)})`),
    );
    if (others.length > 0) {
      return [
        problem("warning", `${vips} is announced by ${others.join(" and ")} with a router ID that is not ours`, {
          why: "nodes that differ in router ID cannot hear each other, and their claims are not told apart from strangers'",
          mend: "give every node the same router ID, or the same scope and VIP to derive it from",
        }),
      ];
    }
    return [
      problem("advice", `no advert for ${vips} was heard within ${String(network.listenedMs / 1000)} s`, {
        why: "no agent holds the VIP, or its adverts do not get here",
        mend: "fine before the agents run; else ask pgvip status on the other nodes, and see the check firewall",
      }),
    ];
  });
}

export function packets(evidence: Evidence): readonly Said[] {
  return onEachSegment(evidence, ({ sightings }) => {
    const bad = sightings.filter(
      (sighting): sighting is BadAdvert => sighting.kind === "badAdvert" && sighting.drop !== "carp",
    );
    const kinds = unique(bad.map(({ header, drop }) => `${header.source}: ${drop}`)).filter(
      (kind) => !kind.endsWith(": type"),
    );
    if (kinds.length === 0) return [passed("every advert on the segment could be read")];
    return kinds.map((kind) =>
      problem("warning", `adverts of ${kind}`, {
        why: "every VRRP router drops such adverts, so their sender is not heard",
        mend: "see them with pgvip listen; checksum: compare the setting checksum on both sides, ttl: the packet came through a router",
      }),
    );
  });
}

function onEachSegment(
  { network }: Evidence,
  judge: (group: GroupEvidence, network: NetworkEvidence) => readonly Said[],
): readonly Said[] {
  if (network === null) return [skipped("the network could not be listened to")];
  return network.groups.flatMap((group) => {
    const link = linkOf(group, network);
    if (link === null || !link.up) return [skipped(`${vipsText(group.config)} has no interface to listen on`)];
    return judge(group, network);
  });
}

function adverts(sightings: readonly Sighting[]): readonly Advert[] {
  return sightings.filter((sighting): sighting is Advert => sighting.kind === "advert");
}

/** Adverts with our router ID about our VIPs; a resignation (priority 0) holds nothing. */
function announcers(group: GroupEvidence): readonly Advert[] {
  return aboutOurs(group).filter(({ advert }) => advert.vrid === group.routerId);
}

function otherAnnouncers(group: GroupEvidence): readonly Advert[] {
  return aboutOurs(group).filter(({ advert }) => advert.vrid !== group.routerId);
}

function aboutOurs({ sightings, config }: GroupEvidence): readonly Advert[] {
  const vips = new Set(config.vips.map(({ address }) => address));
  return adverts(sightings).filter(
    ({ advert }) => advert.priority > 0 && advert.addresses.some((address) => vips.has(address)),
  );
}

function freeRouterId(sightings: readonly Sighting[]): number {
  const used = new Set(adverts(sightings).map(({ advert }) => Number(advert.vrid)));
  for (let id = 51; id < 255; id += 1) if (!used.has(id)) return id;
  return 255;
}

function memberOf(mac: string, group: GroupEvidence, evidence: Evidence): string | null {
  const found = membersOf(evidence).find(
    ({ host }) => host !== null && (group.answers.get(host) ?? []).some((one) => one === mac),
  );
  return found?.name ?? null;
}

function whoIs(mac: string, group: GroupEvidence, evidence: Evidence): string {
  const member = memberOf(mac, group, evidence);
  return member === null ? `a host with MAC address ${mac}` : `${member} (${mac})`;
}

function nameOf(address: string, evidence: Evidence): string {
  const found = membersOf(evidence).find(({ host }) => host === address);
  return found === undefined ? address : `${found.name} (${address})`;
}

function unique(texts: readonly string[]): readonly string[] {
  return [...new Set(texts)];
}
