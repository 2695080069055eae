/**
 * Whether a sound advert is one that a group may listen to: the checks of RFC 9568 section 7.1 and RFC 3768 section 7.1 that
 * need to know how the group is configured. The others are made where adverts are parsed (wire/vrrp.ts).
 *
 * Pure. What an advert that is listened to says (other VIPs, another interval) is judged by the core.
 */
import type { Advert, AdvertV2, Authentication, DropReason } from "../wire/vrrp.js";
import type { Sources, Speech } from "./plans.js";
import type { SignatureRefusal } from "./signature-check.js";

/** In the order of the checks: the first that fails names the drop. */
export type RefusalReason =
  /** From an address of this node: signed or not, what we have said ourselves is nobody else's word. */
  | "ownAddress"
  /** Not from an address that this group speaks to; over unicast nobody else has a say. */
  | "unknownPeer"
  /** VRRPv2 where the group speaks VRRPv3, or the other way round. */
  | "otherVersion"
  /** VRRPv2 with a password where the group has none, or the other way round. */
  | "authenticationType"
  | "password";

export interface Refusal {
  readonly reason: RefusalReason | SignatureRefusal | DropReason;
  /** For people: what is different, without secrets. */
  readonly text: string;
}

/** `null` when the advert may be listened to. `own`: what this node's adverts come from. */
export function refusalOf(
  advert: Advert,
  source: string,
  { dialect, peers }: Pick<Speech, "dialect" | "peers">,
  own: Sources | null,
): Refusal | null {
  if (own !== null && Object.values(own).includes(source)) {
    const causes = "a loop in the network, another host with this address, or a forgery";
    return { reason: "ownAddress", text: `${source}, this node's own address, sends adverts from outside: ${causes}` };
  }
  if (peers !== null && !peers.includes(source)) {
    return { reason: "unknownPeer", text: `${source} sends adverts, but is none of the peers (${peersText(peers)})` };
  }
  if (advert.kind === "v3" && dialect.kind === "v3") return null;
  if (advert.kind === "v2" && dialect.kind === "v2")
    return authenticationRefusal(advert, source, dialect.authentication);
  const [theirs, ours] = [advert.kind, dialect.kind].map((kind) => kind.slice(1));
  return { reason: "otherVersion", text: `${source} speaks VRRPv${theirs ?? ""}, this node VRRPv${ours ?? ""}` };
}

function authenticationRefusal({ authentication }: AdvertV2, source: string, ours: Authentication): Refusal | null {
  if (authentication.kind === "none" && ours.kind === "none") return null;
  if (authentication.kind === "password" && ours.kind === "password") {
    const { bytes } = authentication;
    if (bytes.length === ours.bytes.length && bytes.every((byte, index) => byte === ours.bytes[index])) return null;
    return { reason: "password", text: `${source} has another VRRPv2 password than this node` };
  }
  const has = (one: Authentication): string => (one.kind === "none" ? "no password" : "a password");
  const text = `${source} sends ${has(authentication)}, this node has ${has(ours)} (VRRPv2)`;
  return { reason: "authenticationType", text };
}

function peersText(peers: readonly string[]): string {
  return peers.length === 0 ? "none are known yet" : peers.join(", ");
}
