/**
 * The network between machines, DCS, clients and an attacker. Four kinds of traffic can be cut and disturbed separately,
 * because they take different ways in practice: adverts and ARP between the nodes, ARP between nodes and clients, Patroni
 * to its DCS, Patroni to Patroni.
 */
import type { Random } from "./random.js";
import type { Timeline } from "./timeline.js";

export type Plane = "agents" | "clients" | "dcs" | "rest";
export const planes: readonly Plane[] = ["agents", "clients", "dcs", "rest"];

export interface Cut {
  readonly planes: readonly Plane[];
  /** One side of the cut: the names of machines, "dcs", or neighbours. */
  readonly side: readonly string[];
  /** Which packets are lost: those that leave the side, those that come to it, or both. */
  readonly direction: "out" | "in" | "both";
}

export interface Trouble {
  readonly dropChance: number;
  readonly duplicateChance: number;
  /** Each packet waits up to this long, so packets overtake each other. */
  readonly delayMs: number;
}

export class Lan {
  readonly #timeline: Timeline;
  readonly #random: Random;
  readonly #cuts = new Set<Cut>();
  readonly #troubles = new Set<Trouble>();
  readonly #linksDown = new Set<string>();

  constructor(timeline: Timeline, random: Random) {
    this.#timeline = timeline;
    this.#random = random;
  }

  /** Every packet arrives, once and at once. */
  get isClean(): boolean {
    return this.#cuts.size === 0 && this.#troubles.size === 0 && this.#linksDown.size === 0;
  }

  cut(cut: Cut): void {
    this.#cuts.add(cut);
  }

  mend(cut: Cut): void {
    this.#cuts.delete(cut);
  }

  disturb(trouble: Trouble): void {
    this.#troubles.add(trouble);
  }

  calm(trouble: Trouble): void {
    this.#troubles.delete(trouble);
  }

  setLink(name: string, up: boolean): void {
    if (up) this.#linksDown.delete(name);
    else this.#linksDown.add(name);
  }

  hasLink(name: string): boolean {
    return !this.#linksDown.has(name);
  }

  heal(): void {
    this.#cuts.clear();
    this.#troubles.clear();
    this.#linksDown.clear();
  }

  /** Whether a packet that leaves now would arrive, losses by chance aside. */
  passes(plane: Plane, from: string, to: string): boolean {
    if (this.#linksDown.size > 0 && (this.#linksDown.has(from) || this.#linksDown.has(to))) return false;
    for (const cut of this.#cuts) {
      if (!cut.planes.includes(plane)) continue;
      const leaves = cut.side.includes(from) && !cut.side.includes(to);
      const enters = cut.side.includes(to) && !cut.side.includes(from);
      if ((leaves && cut.direction !== "in") || (enters && cut.direction !== "out")) return false;
    }
    return true;
  }

  /** Sends a packet; it may be lost, late, or come twice. A link that goes while it travels loses it. */
  send(plane: Plane, from: string, to: string, arrive: () => void): void {
    if (!this.passes(plane, from, to)) return;
    this.#travel(plane, from, to, arrive);
    for (const { duplicateChance } of this.#troubles) {
      if (this.#random.chance(duplicateChance)) this.#travel(plane, from, to, arrive);
    }
  }

  #travel(plane: Plane, from: string, to: string, arrive: () => void): void {
    let delayMs = this.#random.between(0.05, 0.3);
    for (const trouble of this.#troubles) {
      if (this.#random.chance(trouble.dropChance)) return;
      delayMs += this.#random.between(0, trouble.delayMs);
    }
    this.#timeline.after(delayMs, () => {
      if (this.passes(plane, from, to)) arrive();
    });
  }
}
