/**
 * Judges what `pgvip listen` hears: what each frame says in one line, and what is wrong with it. Pure; instants are
 * monotonic milliseconds.
 */
import { unreachable } from "../assert.js";
import type { Advert } from "../wire/vrrp.js";
import { type Sighting, claimOf } from "./frames.js";

export type AlarmCode = "bad-advert" | "unknown-router-id" | "two-holders";

export interface Heard {
  readonly text: string;
  readonly alarms: readonly { readonly code: AlarmCode; readonly text: string }[];
}

export interface Expected {
  /** Addresses that ARP and neighbor discovery are shown about; none = about whatever adverts announce, and all claims. */
  readonly vips: readonly string[];
  /** Router IDs that are known; none = all of them are. */
  readonly routerIds: readonly number[];
}

interface Announcer {
  readonly source: string;
  readonly lastAtMs: number;
  readonly downAtMs: number;
}

/** A second claim inside this span is a conflict; a hand-over has one holder less at once. */
const CLAIM_MEMORY_MS = 2000;

export class Listener {
  readonly #expected: Expected;
  /** By router ID and family: who announces at full right. */
  readonly #announcers = new Map<string, readonly Announcer[]>();
  /** By address: MACs that answered or announced, with the time of the last claim. */
  readonly #claims = new Map<string, ReadonlyMap<string, number>>();
  readonly #announced = new Set<string>();

  constructor(expected: Expected) {
    this.#expected = expected;
  }

  /** `null` when the frame is about nothing that was asked for. */
  hear(sighting: Sighting, atMs: number): Heard | null {
    switch (sighting.kind) {
      case "advert":
        return { text: describe(sighting), alarms: this.#judgeAdvert(sighting.advert, sighting.header.source, atMs) };
      case "badAdvert": {
        const text = describe(sighting);
        // CARP is another protocol under the same number, and nobody's mistake.
        if (sighting.drop === "carp") return { text, alarms: [] };
        return { text, alarms: [{ code: "bad-advert", text: badText(sighting) }] };
      }
      case "malformed":
        return { text: describe(sighting), alarms: [] };
      case "arp":
      case "neighbor":
        if (!this.#isAsked(sighting)) return null;
        return { text: describe(sighting), alarms: this.#judgeClaim(sighting, atMs) };
      default:
        return unreachable(sighting);
    }
  }

  #judgeAdvert(advert: Advert, source: string, atMs: number): Heard["alarms"] {
    for (const address of advert.addresses) this.#announced.add(address);
    const alarms: Heard["alarms"][number][] = [];
    const { routerIds } = this.#expected;
    if (routerIds.length > 0 && !routerIds.some((id) => id === advert.vrid)) {
      alarms.push({
        code: "unknown-router-id",
        text: `${source} uses router ID ${String(advert.vrid)}, which is not ours`,
      });
    }
    const key = `${String(advert.vrid)} ${advert.family}`;
    const others = (this.#announcers.get(key) ?? []).filter((one) => one.source !== source && one.downAtMs > atMs);
    // Priority 0 resigns and 1 is a holder that lets go: neither is a rival.
    const isRival = advert.priority > 1;
    const intervalMs = advert.interval * (advert.kind === "v3" ? 10 : 1000);
    const mine = { source, lastAtMs: atMs, downAtMs: atMs + 2.5 * intervalMs };
    this.#announcers.set(key, isRival ? [...others, mine] : others);
    const [rival] = others;
    if (isRival && rival !== undefined) {
      const ago = `${String(Math.round(atMs - rival.lastAtMs))} ms ago`;
      const text = `${source} and ${rival.source} (${ago}) both announce router ID ${String(advert.vrid)}`;
      alarms.push({ code: "two-holders", text });
    }
    return alarms;
  }

  #judgeClaim(sighting: Sighting, atMs: number): Heard["alarms"] {
    const claim = claimOf(sighting);
    if (claim === null || !this.#isVip(claim.address)) return [];
    const known = this.#claims.get(claim.address) ?? new Map<string, number>();
    const previous = [...known].findLast(([mac]) => mac !== claim.mac);
    // To come back within a moment is what two hosts do that both have the address; a hand-over goes one way.
    const isBack = known.has(claim.mac) && atMs - (known.get(claim.mac) ?? 0) < CLAIM_MEMORY_MS;
    const others = [...known].filter(([mac]) => mac !== claim.mac);
    this.#claims.set(claim.address, new Map([...others, [claim.mac, atMs]]));
    const [mac, lastAtMs] = previous ?? ["", Number.NEGATIVE_INFINITY];
    const isLater = lastAtMs > (known.get(claim.mac) ?? Number.POSITIVE_INFINITY);
    if (!isBack || !isLater || atMs - lastAtMs > CLAIM_MEMORY_MS) return [];
    return [{ code: "two-holders", text: `${claim.mac} and ${mac} both say that they have ${claim.address}` }];
  }

  #isAsked(sighting: Sighting): boolean {
    if (this.#expected.vips.length === 0 && this.#announced.size === 0) return true;
    return subjectsOf(sighting).some((address) => this.#isVip(address));
  }

  #isVip(address: string): boolean {
    const { vips } = this.#expected;
    return vips.length > 0 ? vips.includes(address) : this.#announced.has(address);
  }
}

/** Addresses that a frame is about. */
function subjectsOf(sighting: Sighting): readonly string[] {
  if (sighting.kind === "arp") {
    const { meaning } = sighting;
    const target = "target" in meaning ? [meaning.target] : [];
    return "address" in meaning ? [meaning.address, ...target] : target;
  }
  return sighting.kind === "neighbor" ? [sighting.packet.message.target, sighting.packet.source] : [];
}

/** One line, without the time. */
export function describe(sighting: Sighting): string {
  switch (sighting.kind) {
    case "advert":
      return advertText(sighting);
    case "badAdvert":
      return `VRRP ${sighting.header.source} -> ${sighting.header.destination}: ${badText(sighting)}`;
    case "arp":
      return arpText(sighting.meaning);
    case "neighbor":
      return neighborText(sighting);
    case "malformed":
      return `${sighting.protocol} from ${sighting.mac}: cannot be read (${sighting.drop})`;
    default:
      return unreachable(sighting);
  }
}

function advertText({ header, advert, checksumForm, keyId, mac }: Sighting & { readonly kind: "advert" }): string {
  const { kind, vrid, priority, interval, addresses } = advert;
  const every = kind === "v3" ? `${String(interval * 10)} ms` : `${String(interval)} s`;
  const meaning = priority === 0 ? " (resigns)" : priority === 1 ? " (lets go)" : priority === 255 ? " (owner)" : "";
  const parts = [
    `VRRP${kind} ${header.source} -> ${header.destination}`,
    `router ID ${String(vrid)}`,
    `priority ${String(priority)}${meaning}`,
    `every ${every}`,
    `VIP ${addresses.join(" ")}`,
    ...(checksumForm === "pduOnly" && kind === "v3" ? ["checksum without pseudo-header"] : []),
    ...(kind === "v2" && advert.authentication.kind === "password" ? ["with a password"] : []),
    ...(keyId === null ? [] : [`signed with key ${String(keyId)}`]),
    `from ${mac}`,
  ];
  return parts.join(", ");
}

function badText({ drop, header, routerId }: Sighting & { readonly kind: "badAdvert" }): string {
  const id = routerId === null ? "" : `, router ID ${String(routerId)}`;
  switch (drop) {
    case "checksum":
      return `bad checksum from ${header.source}${id}`;
    case "ttl":
      return `TTL ${String(header.ttl)} instead of 255 from ${header.source}${id}`;
    case "carp":
      return `CARP from ${header.source}, another protocol with the same number`;
    default:
      return `cannot be read (${drop}) from ${header.source}${id}`;
  }
}

function arpText(meaning: (Sighting & { readonly kind: "arp" })["meaning"]): string {
  switch (meaning.kind) {
    case "announcement":
      return `ARP ${meaning.address} is at ${meaning.mac} (announcement)`;
    case "answer":
      return `ARP ${meaning.address} is at ${meaning.mac}`;
    case "probe":
      return `ARP probe: does anybody have ${meaning.target}? asks ${meaning.mac}`;
    case "question":
      return `ARP who has ${meaning.target}? asks ${meaning.address} at ${meaning.mac}`;
    default:
      return unreachable(meaning);
  }
}

function neighborText({ packet, mac }: Sighting & { readonly kind: "neighbor" }): string {
  const { message, source } = packet;
  const at = message.linkLayer ?? mac;
  if (message.kind === "solicitation") return `NS who has ${message.target}? asks ${source} at ${at}`;
  const flags = [
    message.override ? "override" : "",
    message.solicited ? "solicited" : "",
    message.router ? "router" : "",
  ];
  const shown = flags.filter((flag) => flag !== "").join(" ");
  return `NA ${message.target} is at ${at}${shown === "" ? "" : ` (${shown})`}`;
}
