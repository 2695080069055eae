/** The DCS: one leader key with a time to live, and the way to it from each machine. */
import type { Lan } from "./lan.js";
import type { Random } from "./random.js";
import type { Timeline, Timer } from "./timeline.js";

/** etcd looks for expired leases every half second. */
const EXPIRY_LATENESS_MS = 500;

export class Dcs {
  readonly #timeline: Timeline;
  readonly #random: Random;
  readonly #lan: Lan;
  readonly #ttlMs: number;
  readonly #onChange: (owner: string | null, how: string) => void;
  #owner: string | null = null;
  #expiry: Timer | null = null;
  #down = false;
  #slowMs = 0;

  constructor(
    timeline: Timeline,
    random: Random,
    lan: Lan,
    ttlMs: number,
    onChange: (owner: string | null, how: string) => void,
  ) {
    this.#timeline = timeline;
    this.#random = random;
    this.#lan = lan;
    this.#ttlMs = ttlMs;
    this.#onChange = onChange;
  }

  get owner(): string | null {
    return this.#owner;
  }

  setDown(down: boolean): void {
    this.#down = down;
  }

  /** Each way takes up to this long. */
  setSlow(slowMs: number): void {
    this.#slowMs = slowMs;
  }

  // ── what a request does when it has arrived ─────────────────────────────────────────────────────────────────────────

  /** Whether the key is this member's; then it lives another `ttl`. */
  renew(member: string): boolean {
    if (this.#owner !== member) return false;
    this.#live(member);
    return true;
  }

  /** Creates the key if there is none. */
  acquire(member: string): boolean {
    if (this.#owner !== null) return false;
    this.#live(member);
    this.#set(member, "acquired");
    return true;
  }

  release(member: string): boolean {
    if (this.#owner !== member) return false;
    this.#expiry?.cancel();
    this.#set(null, "released");
    return true;
  }

  #live(member: string): void {
    this.#expiry?.cancel();
    this.#expiry = this.#timeline.after(this.#ttlMs + this.#random.between(0, EXPIRY_LATENESS_MS), () => {
      if (this.#owner === member) this.#set(null, "expired");
    });
  }

  #set(owner: string | null, how: string): void {
    this.#owner = owner;
    this.#onChange(owner, how);
  }

  // ── the way to it ───────────────────────────────────────────────────────────────────────────────────────────────────

  /** Sends one request; request and reply may each be lost. */
  request<Answer>(from: string, ask: () => Answer, reply: (answer: Answer) => void): void {
    this.#timeline.after(this.#latencyMs(), () => {
      if (!this.reachable(from)) return;
      const answer = ask();
      this.#timeline.after(this.#latencyMs(), () => {
        if (this.reachable(from)) reply(answer);
      });
    });
  }

  /** Tells a member that watches the key. */
  notify(member: string, arrive: () => void): void {
    this.#timeline.after(this.#latencyMs(), () => {
      if (this.reachable(member)) arrive();
    });
  }

  reachable(member: string): boolean {
    return !this.#down && this.#lan.passes("dcs", member, "dcs") && this.#lan.passes("dcs", "dcs", member);
  }

  #latencyMs(): number {
    return this.#random.between(0.5, 5) + this.#random.between(0, this.#slowMs);
  }
}
