/**
 * Addresses of the cluster's members, some of which Patroni may know by name. A name that cannot be resolved just now keeps
 * the addresses it had: a resolver that fails is no reason to stop speaking to a peer.
 */
import { lookup } from "node:dns/promises";
import type { Member } from "../core/observation.js";
import { canonicalAddress, isLoopback } from "../wire/addresses.js";

export type Resolve = (name: string) => Promise<readonly string[]>;

/** As every program of this host resolves names: /etc/hosts first, then DNS, or whatever nsswitch.conf says. */
const resolveOnHost: Resolve = async (name) => (await lookup(name, { all: true })).map(({ address }) => address);

export class MemberNames {
  readonly #warn: (name: string, text: string) => void;
  readonly #resolve: Resolve;
  readonly #known = new Map<string, readonly string[]>();
  /** Names that were complained about, until they resolve. */
  readonly #unresolved = new Set<string>();

  #owners: ReadonlyMap<string, string> = new Map();

  constructor(warn: (name: string, text: string) => void, resolve: Resolve = resolveOnHost) {
    this.#warn = warn;
    this.#resolve = resolve;
  }

  /** In canonical form, sorted, each once. Never rejects. */
  async addressesOf(members: readonly Member[]): Promise<readonly string[]> {
    const owned = await Promise.all(
      members.map(async ({ name, host }) => {
        if (host === null) return [];
        const address = canonicalAddress(host);
        const addresses = address === null ? await this.#lookUp(host) : [address];
        return addresses.map((one) => [one, name] as const);
      }),
    );
    this.#owners = new Map(owned.flat());
    return [...this.#owners.keys()].sort();
  }

  /** Names of the members by the addresses that were last found. */
  get owners(): ReadonlyMap<string, string> {
    return this.#owners;
  }

  async #lookUp(name: string): Promise<readonly string[]> {
    try {
      const found = (await this.#resolve(name)).flatMap((text) => canonicalAddress(text) ?? []);
      // Many hosts resolve their own name to 127.0.1.1; nobody is a peer of itself.
      const addresses = found.filter((address) => !isLoopback(address));
      this.#known.set(name, addresses);
      this.#unresolved.delete(name);
      return addresses;
    } catch (error) {
      const known = this.#known.get(name) ?? [];
      this.#complain(name, error instanceof Error && "code" in error ? String(error.code) : String(error), known);
      return known;
    }
  }

  #complain(name: string, reason: string, known: readonly string[]): void {
    if (this.#unresolved.has(name)) return;
    this.#unresolved.add(name);
    const consequence =
      known.length > 0
        ? `it keeps ${known.join(", ")}`
        : "it gets no adverts; give its address to Patroni (connect_address), or list all in `peers`";
    this.#warn(name, `the cluster's member ${name} cannot be resolved (${reason}): ${consequence}`);
  }
}
