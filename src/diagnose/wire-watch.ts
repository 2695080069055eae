/** The network of this host for diagnostics: its interfaces, and all frames about VRRP, ARP and neighbor discovery. */
import { PgvipError } from "../errors.js";
import type { NetworkEvent } from "../ports/network.js";
import { missingCapabilities } from "../shell/capabilities.js";
import { Interfaces } from "../shell/interfaces.js";
import { openNetwork } from "../shell/native-network.js";
import { Orders, type Outcome } from "../shell/orders.js";
import type { Family } from "../wire/addresses.js";

export interface CapturedFrame {
  /** Monotonic. */
  readonly atMs: number;
  readonly ifIndex: number;
  readonly frame: Uint8Array;
}

export interface WireListener {
  frame(frame: CapturedFrame): void;
  /** An advert that also passed this host's firewall. */
  advert?(ifIndex: number): void;
  /** This many packets came faster than they could be read. */
  lost?(count: number): void;
}

export class WireWatch {
  readonly interfaces = new Interfaces();
  readonly #network: ReturnType<typeof openNetwork>;
  readonly #orders: Orders;
  readonly #listener: WireListener;
  /** The network's thread alone does not keep the process waiting for its events. */
  readonly #awake = setInterval(() => undefined, 60_000);
  #ready: () => void = () => undefined;

  /** Throws a PgvipError: PERMISSION without the capabilities, ADDON without the addon. */
  static async open(listener: WireListener): Promise<WireWatch> {
    const missing = missingCapabilities();
    if (missing.length > 0) {
      throw new PgvipError("PERMISSION", `looking at the network needs ${missing.join(" and ")}: run it as root`);
    }
    const watch = new WireWatch(listener);
    await new Promise<void>((resolve) => {
      watch.#ready = resolve;
    });
    return watch;
  }

  private constructor(listener: WireListener) {
    this.#listener = listener;
    this.#network = openNetwork((events) => {
      for (const event of events) this.#handle(event);
    });
    this.#orders = new Orders(this.#network);
  }

  /** `families`: adverts of these are also received as the agent does it, behind the firewall. */
  async capture(ifIndex: number, families: readonly Family[] = []): Promise<void> {
    const listening = { ifIndex, families, multicast: true, routerIds: [], vips: [], capture: true };
    check(await this.#orders.give({ kind: "listen", listening }), "cannot listen");
  }

  async send(ifIndex: number, frames: readonly Uint8Array[]): Promise<void> {
    check(await this.#orders.give({ kind: "sendFrames", ifIndex, frames }), "cannot send");
  }

  close(): void {
    clearInterval(this.#awake);
    this.#network.close();
  }

  #handle(event: NetworkEvent): void {
    if (this.interfaces.note(event)) {
      if (event.kind === "snapshot") this.#ready();
      return;
    }
    if (event.kind === "done") this.#orders.settle(event);
    else if (event.kind === "neighborFrame") this.#listener.frame(event);
    else if (event.kind === "advert") this.#listener.advert?.(event.ifIndex);
    else if (event.kind === "overflow") this.#listener.lost?.(event.dropped);
  }
}

function check({ failure }: Outcome, what: string): void {
  if (failure === null) return;
  const { call, errno, detail } = failure;
  throw new PgvipError("SYSTEM", `${what}: ${call} failed with ${errno} (${detail})`);
}
