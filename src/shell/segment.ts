/**
 * The network as the groups see it: puts each on its interface, has the kernel listen for what concerns them, and hands
 * each network event to whom it is about.
 */
import { unreachable } from "../assert.js";
import { type Problem, resolveInterface } from "./resolve-interface.js";
import type { GroupConfig } from "../config/config.js";
import type { Logger } from "../log.js";
import type { Listening, NetworkEvent } from "../ports/network.js";
import type { Group } from "./group.js";
import { type GroupRunner, failureText } from "./group-runner.js";
import { Interfaces } from "./interfaces.js";
import type { Orders } from "./orders.js";
import { type Drop, PacketDesk } from "./packet-desk.js";
import type { HeardAdverts, PeerNote } from "./peer-book.js";
import { place } from "./placing.js";
import { homeOf } from "./plans.js";
import type { Instant } from "./replay-window.js";
import { VirtualLinks, virtualLinksOf } from "./virtual-links.js";

const FAMILIES = ["ipv4", "ipv6"] as const;

export interface SegmentPorts {
  readonly orders: Orders;
  readonly log: Logger;
  /** At the start a group's configuration does not fit this host, and only an operator can mend it. */
  readonly unfit: (text: string) => void;
  /** An advert to the group came from none of its peers. */
  readonly onStranger: (group: Group) => void;
  /** This moment on both clocks. */
  readonly now: () => Instant;
}

export class Segment {
  /** The agent's own list: it changes with the configuration. */
  readonly #groups: readonly Group[];
  readonly #ports: SegmentPorts;
  readonly #interfaces = new Interfaces();
  readonly #virtual: VirtualLinks;
  readonly #desk: PacketDesk;
  /** What was last asked of the network for each interface index. */
  readonly #listening = new Map<number, string>();
  #isCleared = false;
  /** The groups' places are to be looked at again. */
  #addressesChanged = false;

  constructor(groups: readonly Group[], ports: SegmentPorts) {
    this.#groups = groups;
    this.#ports = ports;
    this.#virtual = new VirtualLinks(ports.orders, this.#interfaces);
    this.#desk = new PacketDesk({
      groups,
      onDrop: (drop) => {
        this.#noteDrop(drop);
      },
      onStranger: (runner) => {
        for (const group of groups) if (group.runner === runner) ports.onStranger(group);
      },
      now: ports.now,
    });
  }

  get drops(): Readonly<Record<string, number>> {
    return this.#desk.drops;
  }

  /** How a sender of adverts to the group speaks; `null` when it was never heard. */
  peer(group: GroupRunner, source: string): PeerNote | null {
    return this.#desk.peer(group, source);
  }

  /** When the group's peer was last heard, as far as the network alone knows; `null`: the group knows it. */
  heardAtMs({ placement, routerId }: GroupRunner, source: string): number | null {
    if (placement === null || routerId === null) return null;
    return this.#ports.orders.heardAtMs(placement.ifIndex, routerId, source);
  }

  /** Has the network keep to itself what the group knows already. */
  expect(group: GroupRunner, from: string, silenceMs: number, untilMs: number): void {
    const note = this.#desk.peer(group, from);
    if (note === null) return;
    const { ifIndex, source, destination, ttl, pdu } = note.advert;
    const like = { ifIndex, source, destination, ttl, pdu };
    void this.#ports.orders.give({ kind: "expectAdverts", like, silenceMs, untilMs });
  }

  heard(group: GroupRunner): HeardAdverts {
    return this.#desk.heard(group);
  }

  /** Every address of this host. */
  get ownAddresses(): readonly string[] {
    return this.#interfaces.addresses.map(({ address }) => address);
  }

  /** What has come at once, in order. Thousands of addresses may change on a host at the same time. */
  handle(events: readonly NetworkEvent[]): void {
    for (const event of events) this.#handle(event);
    if (!this.#addressesChanged) return;
    this.#addressesChanged = false;
    this.#placeAll(false);
  }

  #handle(event: NetworkEvent): void {
    const { log, orders } = this.#ports;
    switch (event.kind) {
      case "done":
        orders.settle(event);
        return;
      case "advert":
        this.#desk.advert(event);
        return;
      case "advertsCeased":
        this.#desk.ceased(event);
        return;
      case "neighborFrame":
        this.#desk.neighborFrame(event);
        return;
      case "snapshot":
      case "link":
        this.#interfaces.note(event);
        this.#placeAll(event.kind === "snapshot" && event.reason === "start");
        return;
      case "address":
        this.#addressEvent(event);
        return;
      case "leaseEnded":
        for (const { runner } of this.#groups) runner.leaseEnded(event.holding, event.failure);
        return;
      case "suspended":
        for (const { runner } of this.#groups) runner.dispatch({ kind: "suspended", forMs: event.forMs });
        return;
      case "trouble":
        log.warn({ event: "trouble", ...event.failure, count: event.count }, failureText(event.failure));
        return;
      case "overflow":
        log.warn(
          { event: "overflow", dropped: event.dropped },
          "more packets than the agent can read: some were dropped",
        );
        return;
      default:
        unreachable(event);
    }
  }

  /** What about a group that is to come only an operator can mend, on this host as it is now; `null` = nothing. */
  unfit(config: GroupConfig): string | null {
    const found = resolveInterface(config, this.#interfaces.links, this.#interfaces.addresses);
    return !found.ok && isForGood(found.problem) ? found.problem.text : null;
  }

  /** There are other groups now, or they want to live elsewhere. */
  regroup(): void {
    this.#virtual.retry();
    this.#placeAll(false);
    void this.#removeUnusedLinks();
    const used = new Set(this.#groups.map(({ runner }) => runner.placement?.ifIndex));
    for (const ifIndex of this.#listening.keys()) {
      if (used.has(ifIndex)) continue;
      this.#listening.delete(ifIndex);
      void this.#ports.orders.give({ kind: "unlisten", ifIndex });
    }
  }

  /** The groups have stopped for good: removes the interfaces with their virtual MACs. */
  async clear(): Promise<void> {
    this.#isCleared = true;
    await this.#virtual.removeBut([]);
  }

  #removeUnusedLinks(): Promise<void> {
    const wanted = this.#groups.flatMap(({ runner, config }) => {
      const found = resolveInterface(config, this.#interfaces.links, this.#interfaces.addresses);
      const parent = runner.placement?.ifIndex ?? (found.ok ? found.ifIndex : null);
      return parent === null ? [] : virtualLinksOf(config, parent).map(({ name }) => name);
    });
    return this.#virtual.removeBut(wanted);
  }

  /** Has the network listen on each interface for the router IDs and VIPs of the groups that live there. */
  listen(): void {
    for (const ifIndex of new Set(this.#groups.flatMap(({ runner }) => runner.placement?.ifIndex ?? []))) {
      const listening = this.#listeningOn(ifIndex);
      const key = JSON.stringify(listening);
      if (listening.routerIds.length === 0 || this.#listening.get(ifIndex) === key) continue;
      this.#listening.set(ifIndex, key);
      void this.#ports.orders.give({ kind: "listen", listening }).then(({ failure }) => {
        if (failure === null) return;
        this.#listening.delete(ifIndex);
        this.#ports.log.error({ event: "listen", ...failure }, `cannot listen for adverts: ${failureText(failure)}`);
      });
    }
  }

  #listeningOn(ifIndex: number): Listening {
    const here = this.#groups.filter(({ runner }) => runner.placement?.ifIndex === ifIndex);
    const vips = here.flatMap(({ config }) => config.vips);
    return {
      ifIndex,
      families: FAMILIES.filter((family) => vips.some((vip) => vip.family === family)),
      multicast: here.some(({ config }) => config.transport.kind === "multicast"),
      routerIds: here.flatMap(({ runner }) => runner.routerId ?? []),
      vips: vips.map(({ address }) => address),
    };
  }

  /** Told at 1, 10, 100, ...: whoever sends bad packets decides how many there are. */
  #noteDrop({ reason, from, count }: Drop): void {
    if (!Number.isInteger(Math.log10(count))) return;
    const text = `dropped a packet from ${from}: ${reason} (${String(count)} so far)`;
    this.#ports.log.warn({ event: "drop", reason, from, count }, text);
  }

  #placeAll(first: boolean): void {
    if (this.#isCleared) return;
    const known = new Set(this.#interfaces.links.map(({ ifIndex }) => ifIndex));
    for (const ifIndex of this.#listening.keys()) if (!known.has(ifIndex)) this.#listening.delete(ifIndex);
    for (const { runner, config } of this.#groups) {
      const found = resolveInterface(config, this.#interfaces.links, this.#interfaces.addresses);
      if (first && !found.ok && isForGood(found.problem)) {
        this.#ports.unfit(found.problem.text);
        return;
      }
      // A group that has its place put the VIP there itself, or the core judges who did.
      if (!found.ok && found.problem.kind === "ownAddress" && runner.placement !== null) continue;
      place(runner, config, found, this.#interfaces, this.#virtual);
    }
    if (first) void this.#removeUnusedLinks();
    this.listen();
  }

  #addressEvent(event: NetworkEvent & { readonly kind: "address" }): void {
    const { ifIndex, address, family } = event.address;
    this.#interfaces.note(event);
    for (const { runner, config } of this.#groups) {
      const ours = config.vips.some((vip) => vip.address === address);
      if (!ours || runner.placement === null || homeOf(runner.placement, family).ifIndex !== ifIndex) continue;
      if (event.change === "present") runner.dispatch({ kind: "addressAppeared", vip: address });
      else runner.dispatch({ kind: "addressGone", vip: address, atMs: event.atMs });
    }
    this.#addressesChanged = true;
  }
}

/** An interface may come later; anything else only an operator can mend. */
function isForGood(problem: Problem): boolean {
  return problem.kind !== "missing";
}
