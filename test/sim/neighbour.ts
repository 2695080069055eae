/**
 * The ARP cache of one client, as Linux keeps it (measured): a gratuitous ARP changes an entry that exists, whatever it
 * was; an answer to a question of its own changes an entry only if that is older than `locktime`; an entry is asked about
 * again, first at its old place, when it has not been confirmed for the reachable time.
 */
import type { Lan } from "./lan.js";
import type { Random } from "./random.js";
import type { Timeline, Timer } from "./timeline.js";

const LOCKTIME_MS = 1_000;
const REACHABLE_MS = { from: 15_000, to: 45_000 };
/** DELAY and three unicast probes. */
const PROBE_MS = 8_000;
const RETRY_MS = 1_000;

/** A host that has the VIP and hears the question; its hardware address is its name. */
export interface Answering {
  readonly name: string;
  readonly answers: () => boolean;
}

export class Neighbour {
  readonly name: string;
  readonly #timeline: Timeline;
  readonly #random: Random;
  readonly #lan: Lan;
  readonly #hosts: readonly Answering[];
  readonly #onChange: (mac: string | null) => void;
  #mac: string | null = null;
  #changedAtMs = -Infinity;
  #ageing: Timer | null = null;

  constructor(
    name: string,
    timeline: Timeline,
    random: Random,
    lan: Lan,
    hosts: readonly Answering[],
    onChange: (mac: string | null) => void,
  ) {
    this.name = name;
    this.#timeline = timeline;
    this.#random = random;
    this.#lan = lan;
    this.#hosts = hosts;
    this.#onChange = onChange;
    this.#timeline.after(this.#random.between(0, RETRY_MS), () => this.#askAll());
  }

  /** Where it sends packets for the VIP. */
  get mac(): string | null {
    return this.#mac;
  }

  /** Gratuitous ARP: creates no entry, but changes any. */
  hearAnnouncement(mac: string): void {
    if (this.#mac !== null) this.#learn(mac);
  }

  /** Asks everybody although it knows an answer: an entry can be dropped at any time. */
  forget(): void {
    this.#mac = null;
    this.#onChange(null);
    this.#askAll();
  }

  #askAll(): void {
    for (const host of this.#hosts) this.#ask(host);
    this.#ageing?.cancel();
    this.#ageing = this.#timeline.after(RETRY_MS, () => this.#askAll());
  }

  #ask(host: Answering): void {
    this.#lan.send("clients", this.name, host.name, () => {
      if (!host.answers()) return;
      this.#lan.send("clients", host.name, this.name, () => {
        if (this.#mac === null || this.#timeline.nowMs - this.#changedAtMs > LOCKTIME_MS || this.#mac === host.name)
          this.#learn(host.name);
      });
    });
  }

  #learn(mac: string): void {
    this.#changedAtMs = this.#timeline.nowMs;
    if (this.#mac !== mac) {
      this.#mac = mac;
      this.#onChange(mac);
    }
    this.#ageing?.cancel();
    this.#ageing = this.#timeline.after(this.#random.between(REACHABLE_MS.from, REACHABLE_MS.to), () =>
      this.#probe(mac),
    );
  }

  #probe(mac: string): void {
    for (const host of this.#hosts) if (host.name === mac) this.#ask(host);
    this.#ageing = this.#timeline.after(PROBE_MS, () => this.forget());
  }
}
