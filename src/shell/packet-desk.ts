/**
 * Reads what comes from the wire and hands each group what is about it. Hostile bytes end here, with a counter for each
 * reason.
 */
import type { NetworkEvent } from "../ports/network.js";
import { type Family, type MacAddress, compareAddresses, familyOf } from "../wire/addresses.js";
import type { AdvertTrailer } from "../wire/advert-trailer.js";
import { classifyArp, parseArp } from "../wire/arp.js";
import { ETHER_TYPE, parseFrame } from "../wire/ethernet.js";
import { parseNeighbor } from "../wire/ndisc.js";
import { type Advert, type DropReason, VRRP_TTL, parseAdvert } from "../wire/vrrp.js";
import { type Refusal, refusalOf } from "./advert-checks.js";
import type { GroupRunner } from "./group-runner.js";
import { homeOf } from "./plans.js";
import { type HeardAdverts, PeerBook, type PeerNote } from "./peer-book.js";
import { type Instant, ReplayWindow } from "./replay-window.js";
import { type SignatureVerdict, checkSignature } from "./signature-check.js";

type AdvertEvent = NetworkEvent & { readonly kind: "advert" };

/** Both versions have the virtual router ID in their second byte. */
const VRID_OFFSET = 1;

/** A packet that was not used; `from` is whatever the packet says. */
export interface Drop {
  readonly reason: string;
  readonly from: string;
  /** How many there were for this reason. */
  readonly count: number;
}

export interface PacketDeskPorts {
  /** They may change. */
  readonly groups: readonly { readonly runner: GroupRunner }[];
  readonly onDrop: (drop: Drop) => void;
  /** An advert to the group came from none of its peers. */
  readonly onStranger: (group: GroupRunner) => void;
  /** This moment on both clocks. */
  readonly now: () => Instant;
}

export class PacketDesk {
  readonly #ports: PacketDeskPorts;
  readonly #drops = new Map<string, number>();
  readonly #books = new WeakMap<GroupRunner, PeerBook>();
  readonly #replays = new WeakMap<GroupRunner, Record<Family, ReplayWindow>>();

  constructor(ports: PacketDeskPorts) {
    this.#ports = ports;
  }

  /** Packets dropped so far, by reason. */
  get drops(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#drops);
  }

  /** How a sender of adverts to the group speaks. */
  peer(group: GroupRunner, source: string): PeerNote | null {
    return this.#books.get(group)?.of(source) ?? null;
  }

  heard(group: GroupRunner): HeardAdverts {
    return this.#bookOf(group).heard;
  }

  advert(event: AdvertEvent): void {
    const parsed = parseAdvert(event.pdu, event);
    if (!parsed.ok) {
      this.#drop(parsed.drop, event.source);
      // It may be a peer that is configured otherwise; if not, it disturbs one.
      this.#groupOf(event, event.pdu[VRID_OFFSET])?.refuse(unsound(event, parsed.drop));
      return;
    }
    const { advert } = parsed;
    const group = this.#groupOf(event, advert.vrid);
    if (group === undefined) {
      this.#drop("unknownVrid", event.source);
      return;
    }
    const refusal = refusalOf(advert, event.source, group.speech, group.placement?.sources ?? null);
    if (refusal !== null) {
      this.#drop(refusal.reason, event.source);
      group.refuse(refusal);
      if (refusal.reason === "unknownPeer") this.#ports.onStranger(group);
      return;
    }
    const signature = this.#checkSignature(group, event, parsed.trailer);
    if (!signature.ok) {
      this.#drop(signature.reason, event.source);
      group.refuse(signature);
      return;
    }
    this.#bookOf(group).note(event, parsed, signature.aheadMs);
    if (signature.warning !== null) group.dispatch({ kind: "clockDiffers", text: signature.warning });
    group.dispatch({
      kind: "advertReceived",
      from: event.source,
      winsTies: winsTies(event, group),
      priority: advert.priority,
      intervalMs: intervalMs(advert),
      vips: advert.addresses,
    });
  }

  /** Adverts that were expected have not come. */
  ceased(event: NetworkEvent & { readonly kind: "advertsCeased" }): void {
    const group = this.#groupOf(event, event.routerId);
    if (group === undefined) return;
    this.#bookOf(group).count(event.source, event.untold);
    group.dispatch({ kind: "advertsCeased", from: event.source });
  }

  #checkSignature(group: GroupRunner, event: AdvertEvent, trailer: AdvertTrailer | null): SignatureVerdict {
    const replays = this.#replays.get(group) ?? { ipv4: new ReplayWindow(), ipv6: new ReplayWindow() };
    this.#replays.set(group, replays);
    const { wallMs, monotonicMs } = this.#ports.now();
    // It may have waited in the queue.
    const arrival = { wallMs: wallMs - (monotonicMs - event.atMs), monotonicMs: event.atMs };
    return checkSignature({ ...event, trailer }, group.speech.signatures, replays[event.family], arrival);
  }

  #bookOf(group: GroupRunner): PeerBook {
    const known = this.#books.get(group) ?? new PeerBook();
    this.#books.set(group, known);
    return known;
  }

  #groupOf(
    { ifIndex, family }: Pick<AdvertEvent, "ifIndex" | "family">,
    routerId: number | undefined,
  ): GroupRunner | undefined {
    return this.#ports.groups.find(
      ({ runner }) =>
        runner.routerId === routerId &&
        runner.placement?.ifIndex === ifIndex &&
        runner.speech.vips.some((vip) => vip.family === family),
    )?.runner;
  }

  /** Only a frame that says "this MAC has the VIP" claims it; a probe or a question about it does not. */
  neighborFrame(event: NetworkEvent & { readonly kind: "neighborFrame" }): void {
    const claim = this.#claimOf(event.frame);
    if (claim === null) return;
    for (const { runner: group } of this.#ports.groups) {
      const { placement, setup } = group;
      if (placement?.ifIndex !== event.ifIndex) continue;
      // A virtual MAC is that of every node of the group: who else has the VIP is told by adverts.
      if (homeOf(placement, familyOf(claim.address) ?? "ipv4").mac === claim.mac) continue;
      if (setup.settings.vips.includes(claim.address)) {
        group.dispatch({ kind: "vipAnnounced", vip: claim.address, mac: claim.mac });
      }
    }
  }

  #claimOf(frame: Uint8Array): { readonly address: string; readonly mac: MacAddress } | null {
    if (parseFrame(frame)?.etherType === ETHER_TYPE.ipv6) return this.#advertisementOf(frame);
    const parsed = parseArp(frame);
    if (!parsed.ok) {
      this.#drop(`arp-${parsed.drop}`, "an ARP frame");
      return null;
    }
    const meaning = classifyArp(parsed.arp);
    return meaning.kind === "probe" ? null : meaning;
  }

  #advertisementOf(frame: Uint8Array): { readonly address: string; readonly mac: MacAddress } | null {
    const parsed = parseNeighbor(frame);
    if (!parsed.ok) {
      this.#drop(`nd-${parsed.drop}`, "a neighbor discovery frame");
      return null;
    }
    const { message, sourceMac } = parsed.packet;
    return message.kind === "advertisement" ? { address: message.target, mac: message.linkLayer ?? sourceMac } : null;
  }

  #drop(reason: string, from: string): void {
    const count = (this.#drops.get(reason) ?? 0) + 1;
    this.#drops.set(reason, count);
    this.#ports.onDrop({ reason, from, count });
  }
}

function unsound({ source, ttl }: AdvertEvent, reason: DropReason): Refusal {
  const text = `${source} uses our virtual router ID in adverts that are not sound`;
  // A likely one has a likely cause: keepalived sends unicast over IPv6 like this unless it is told `unicast_ttl 255`.
  const detail = reason === "ttl" ? `: TTL or hop limit ${String(ttl)}, wanted ${String(VRRP_TTL)}` : "";
  return { reason, text: text + detail };
}

/**
 * Whether the sender has the VIP when priorities are equal (RFC 9568 section 6.4.3). A group with VIPs of both families moves
 * as one, so one family has to decide.
 */
function winsTies({ family, source }: AdvertEvent, { placement, speech }: GroupRunner): boolean {
  const deciding = speech.vips.some((vip) => vip.family === "ipv4") ? "ipv4" : "ipv6";
  const own = placement?.sources[deciding] ?? null;
  return family === deciding && own !== null && compareAddresses(source, own) > 0;
}

function intervalMs(advert: Advert): number {
  return advert.kind === "v3" ? advert.interval * 10 : advert.interval * 1_000;
}
