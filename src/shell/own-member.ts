/** Which member of a Patroni cluster is the one on this node. */
import type { Member } from "../core/observation.js";
import { canonicalAddress } from "../wire/addresses.js";

export interface Places {
  /** Of this host's interfaces. */
  readonly addresses: readonly string[];
  /** Names of members by their addresses, for members whose host is a name. */
  readonly names: ReadonlyMap<string, string>;
}

/** By the name that Patroni tells from 4.0 on, or that was configured; else by its address. `null`: none, or not one alone. */
export function ownMember(members: readonly Member[], name: string | null, places: Places): string | null {
  if (name !== null) return members.some((member) => member.name === name) ? name : null;
  const own = new Set(places.addresses);
  const resolved = new Set(places.addresses.flatMap((address) => places.names.get(address) ?? []));
  const here = members.filter((member) => addressesOf(member).some((one) => own.has(one)) || resolved.has(member.name));
  return here.length === 1 ? (here[0]?.name ?? null) : null;
}

function addressesOf({ host, apiUrl }: Member): readonly string[] {
  return [host, hostIn(apiUrl)].flatMap((text) => (text === null ? [] : (canonicalAddress(text) ?? [])));
}

/** An IPv6 address stands in brackets there. */
function hostIn(url: string | null): string | null {
  if (url === null || !URL.canParse(url)) return null;
  return new URL(url).hostname.replace(/^\[|\]$/g, "");
}
