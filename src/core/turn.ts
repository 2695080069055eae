/**
 * One turn of the reducer: the state being rewritten and the effects collected, while the rules in group.ts run. It lives
 * only inside `step`, which stays pure.
 */
import { afterTakeOver, made, nextAnnouncementMs, onceMore, silenced } from "./announcing.js";
import { leasesOf, nextSharedMs } from "./deadlines.js";
import type {
  Announcing,
  Counters,
  Effect,
  GroupSettings,
  GroupState,
  Hold,
  Phase,
  Polling,
  Reason,
  View,
} from "./types.js";

/** Shorter than what status remembers of an alarm, so that it stays there while its cause lasts. */
const REMIND_MS = 30_000;
/** Renewed four times in a lease: one lost tick costs nothing. */
const RENEWALS_PER_LEASE = 4;
/**
 * The highest priority of all, by RFC 9568 that of the address's owner. Here it answers a router that knows nothing of
 * Patroni and announces our VIP with at least our priority: the leader is the owner.
 */
export const OWNER_PRIORITY = 255;
/** VRRP priority of a holder that is no longer eligible: every eligible peer outranks it. */
export const LAME_DUCK_PRIORITY = 1;

export class Turn {
  readonly effects: Effect[] = [];
  readonly settings: GroupSettings;
  readonly nowMs: number;
  #state: GroupState;

  constructor(settings: GroupSettings, state: GroupState, nowMs: number) {
    this.settings = settings;
    this.nowMs = nowMs;
    this.#state = state;
  }

  get state(): GroupState {
    return this.#state;
  }

  /** Patroni's last word, if a node without the VIP may take it on that: older than the lease, it gives no right to anything. */
  get freshView(): View | null {
    const { view, distrustBeforeMs } = this.#state;
    if (view === null || view.sentAtMs < distrustBeforeMs) return null;
    return this.nowMs - view.sentAtMs <= this.settings.timing.leaseMs ? view : null;
  }

  set(change: Partial<GroupState>): void {
    this.#state = { ...this.#state, ...change };
  }

  poll(change: Partial<Polling>): void {
    this.set({ polling: { ...this.#state.polling, ...change } });
  }

  count(counter: keyof Counters): void {
    const { counters } = this.#state;
    this.set({ counters: { ...counters, [counter]: counters[counter] + 1 } });
  }

  /** A fail-over may be under way: poll in turbo from now on. */
  disturb(): void {
    if (this.#state.polling.disturbedAtMs === null) this.poll({ disturbedAtMs: this.nowMs });
  }

  effect(effect: Effect): void {
    this.effects.push(effect);
  }

  notice(reason: Reason, text: string): void {
    this.effect({ kind: "report", report: { kind: "notice", reason, text } });
  }

  alarm(reason: Reason, text: string): void {
    this.effect({ kind: "report", report: { kind: "alarm", reason, text } });
  }

  /** An alarm whose cause shows itself again and again: told at once, and from then on now and then. */
  remind(reason: Reason, text: string): void {
    const { remindAtMs } = this.#state;
    if (this.nowMs < (remindAtMs[reason] ?? -Infinity)) return;
    this.set({ remindAtMs: { ...remindAtMs, [reason]: this.nowMs + REMIND_MS } });
    this.alarm(reason, text);
  }

  /** Changes the phase and tells it once. Within the same kind of phase it only rewrites what the phase remembers. */
  enter(phase: Phase, reason: Reason, text: string): void {
    const from = this.#state.phase.kind;
    this.set({ phase });
    if (from === phase.kind) return;
    this.set({ phaseSinceMs: this.nowMs });
    const { view } = this.#state;
    this.effect({
      kind: "report",
      report: {
        kind: "transition",
        from,
        to: phase.kind,
        reason,
        text,
        askedAtMs: view?.sentAtMs ?? null,
        answeredAtMs: view?.answeredAtMs ?? null,
        decidedAtMs: this.nowMs,
      },
    });
  }

  /** Orders the take-over; the phase must already be the new one, because the leases depend on it. */
  takeOver(priority: number): void {
    this.count("takeOvers");
    this.setAnnouncing(afterTakeOver(this.#state.announcing, this.nowMs));
    this.effect({ kind: "takeOver", priority, announce: true, leases: this.#leases() });
  }

  /** Keeps an address that is there already without telling anybody: the neighbours may know a better holder. */
  takeOverQuietly(priority: number): void {
    this.count("takeOvers");
    this.effect({ kind: "takeOver", priority, announce: false, leases: this.#leases() });
  }

  /** Puts an address back that somebody deleted; how often somebody does that must not be how often we announce. */
  putBack(priority: number): void {
    if (nextAnnouncementMs(onceMore(this.#state.announcing, this.nowMs), this.settings.vips) <= this.nowMs) {
      this.takeOver(priority);
    } else {
      this.takeOverQuietly(priority);
      this.announceSoon();
    }
  }

  /** A hold as it begins. */
  newHold(priority: number): Hold {
    const none = { assertedAtMs: -Infinity, addressAtMs: null, restoreAtMs: null, claim: null };
    return { sinceMs: this.nowMs, priority, ...this.#lease(), ...none };
  }

  renewed(hold: Hold): Hold {
    return { ...hold, ...this.#lease() };
  }

  renewLeases(): void {
    this.effect({ kind: "renew", leases: this.#leases() });
  }

  announceSoon(): void {
    this.setAnnouncing(onceMore(this.#state.announcing, this.nowMs));
  }

  announceNow(): void {
    this.count("announcements");
    this.setAnnouncing(made(this.#state.announcing, this.nowMs));
    this.effect({ kind: "announce" });
  }

  silence(): void {
    this.setAnnouncing(silenced(this.#state.announcing));
  }

  setAnnouncing(announcing: Announcing): void {
    this.set({ announcing });
  }

  #leases() {
    return leasesOf(this.#state, this.settings.timing, this.nowMs);
  }

  #lease(): Pick<Hold, "renewAtMs" | "leaseOverAtMs"> {
    const { leaseMs } = this.settings.timing;
    const renewAtMs = nextSharedMs(leaseMs / RENEWALS_PER_LEASE, this.nowMs);
    return { renewAtMs, leaseOverAtMs: this.nowMs + leaseMs };
  }
}
