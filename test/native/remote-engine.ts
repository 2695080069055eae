/** The native network of a host of the lab, driven from the test. */
import type { Host } from "../../lab/host.js";
import { type LabProcess, labProgram } from "../../lab/process.js";
import { nowMs, until } from "../../lab/wait.js";
import type { Leases, LinkState, Listening, NetworkEvent, NetworkOrder } from "../../src/ports/network.js";
import { type Speech, planHolding } from "../../src/shell/plans.js";
import { formatMac } from "../../src/wire/addresses.js";
import { priority, vrid } from "../../src/wire/units.js";
import { LINE_END, decodeEvent, encode } from "./json-bytes.js";

export type EventOf<Kind extends NetworkEvent["kind"]> = NetworkEvent & { readonly kind: Kind };
type Unnumbered<Order> = Order extends NetworkOrder ? Omit<Order, "order"> : never;

export const VIP = "10.9.0.100";
export const VRID = 51;
/** RT_SCOPE_LINK. */
const LINK_SCOPE = 253;

export const speech: Speech = {
  vips: [{ family: "ipv4", address: VIP, prefixLength: 24 }],
  label: "eth0:1",
  advertIntervalMs: 50,
  dialect: { kind: "v3", checksum: "pseudoHeader" },
  signatures: null,
  peers: null,
  destroySockets: true,
  kernelLeaseSeconds: 0,
};

export class RemoteEngine {
  readonly events: NetworkEvent[] = [];
  readonly process: LabProcess;
  readonly #host: Host;
  #orders = 0;
  #link: LinkState | null = null;

  /** `env`: for its process, such as a library of faults (kernel-faults.ts). */
  static async start(host: Host, env: Readonly<Record<string, string>> = {}): Promise<RemoteEngine> {
    const engine = new RemoteEngine(host, env);
    const [snapshot] = await until("a snapshot", () => nonEmpty(engine.of("snapshot")));
    engine.#link = snapshot?.links.find(({ name }) => name === "eth0") ?? null;
    return engine;
  }

  private constructor(host: Host, env: Readonly<Record<string, string>>) {
    this.#host = host;
    const [command, args] = labProgram("../test/native/engine-program.ts");
    this.process = host.spawnPiped(command, args, { log: "engine", env });
    this.process.onLine((line) => {
      // A process that is killed may leave half a line.
      if (line.endsWith(LINE_END)) this.events.push(decodeEvent(line.slice(0, -LINE_END.length)));
    });
  }

  get link(): LinkState {
    if (this.#link === null) throw new Error("the host has no eth0");
    return this.#link;
  }

  get mac(): string {
    return formatMac(this.link.mac);
  }

  /** Link-local address of eth0, as far as it was told; the source of IPv6 adverts. */
  get linkLocal(): string | null {
    const told = this.events.flatMap((event) =>
      event.kind === "snapshot"
        ? event.addresses
        : event.kind === "address" && event.change === "present"
          ? [event.address]
          : [],
    );
    const found = told.find(
      ({ family, scope, ifIndex }) => family === "ipv6" && scope === LINK_SCOPE && ifIndex === this.link.ifIndex,
    );
    return found?.address ?? null;
  }

  of<Kind extends NetworkEvent["kind"]>(kind: Kind): EventOf<Kind>[] {
    return this.events.filter((event): event is EventOf<Kind> => event.kind === kind);
  }

  /** Gives an order and waits for its outcome. */
  async give(order: Unnumbered<NetworkOrder>): Promise<EventOf<"done">> {
    const number = this.queue(order);
    return until(
      `order ${String(number)} is done`,
      () => this.of("done").find(({ order: done }) => done === number) ?? null,
    );
  }

  /** Gives the same order many times, without a wait in between. Returns the number that all of them have. */
  queue(order: Unnumbered<NetworkOrder>, times = 1): number {
    this.#orders += 1;
    this.process.writeLine(`${times} ${encode({ ...order, order: this.#orders })}`);
    return this.#orders;
  }

  /** Listens for adverts of our router ID and ARP about our VIP. */
  listen(change: Partial<Listening> = {}): Promise<EventOf<"done">> {
    return this.give({ kind: "listen", listening: listening(this.link.ifIndex, change) });
  }

  /** Takes the VIP over with holding 1. */
  takeOver(leases: Leases, change: Partial<Speech> = {}): Promise<EventOf<"done">> {
    const placement = {
      ifIndex: this.link.ifIndex,
      name: "eth0",
      mac: formatMac(this.link.mac),
      sources: { ipv4: this.#host.address, ipv6: this.linkLocal, ipv6Global: null },
    };
    const holding = planHolding({ ...speech, ...change }, placement, vrid(VRID), 1, priority(254), leases);
    return this.give({ kind: "takeOver", holding, announce: true });
  }

  /** Priorities of the adverts heard so far. */
  priorities(): number[] {
    return this.of("advert").map(({ pdu }) => pdu[2] ?? -1);
  }

  /** Whether the host has the VIP just now. */
  async hasVip(vip = VIP): Promise<boolean> {
    return (await this.addresses()).includes(` ${vip}/`);
  }

  async addresses(): Promise<string> {
    return (await this.#host.exec("ip", ["-o", "address", "show", "dev", "eth0"])).stdout;
  }

  async close(): Promise<void> {
    await this.process.kill();
  }
}

export function listening(ifIndex: number, change: Partial<Listening>): Listening {
  return { ifIndex, families: ["ipv4"], multicast: true, routerIds: [VRID], vips: [VIP], ...change };
}

/** Leases that end this many milliseconds from now. */
export function leases(leaseMs: number, rightMs = 60_000): Leases {
  return { leaseUntilMs: nowMs() + leaseMs, rightUntilMs: nowMs() + rightMs };
}

function nonEmpty<Item>(items: Item[]): Item[] | null {
  return items.length === 0 ? null : items;
}
