/**
 * One question to Patroni for all groups that want to know the same: 255 groups of a cluster ask as often as one.
 *
 * A group says how old an answer may be. An exchange that began no earlier, and that will be over within the group's own
 * patience, answers it as well as one of its own.
 */
import type { Clock } from "../ports/clock.js";
import type { HealthAnswer, Patroni } from "../ports/patroni.js";

interface Exchange {
  readonly beganAtMs: number;
  readonly overAtMs: number;
  readonly answer: Promise<HealthAnswer>;
}

export class SharedPolls implements Patroni {
  readonly #patroni: Patroni;
  readonly #clock: Clock;
  /** The latest of each path, under way or over. */
  readonly #latest = new Map<string, Exchange>();

  constructor(patroni: Patroni, clock: Clock) {
    this.#patroni = patroni;
    this.#clock = clock;
  }

  health(path: string, timeoutMs: number, notBeforeMs = Infinity): Promise<HealthAnswer> {
    const now = this.#clock.nowMs();
    const latest = this.#latest.get(path);
    if (latest !== undefined && latest.beganAtMs >= notBeforeMs && latest.overAtMs <= now + timeoutMs) {
      return latest.answer;
    }
    const answer = this.#patroni.health(path, timeoutMs);
    this.#latest.set(path, { beganAtMs: now, overAtMs: now + timeoutMs, answer });
    return answer;
  }

  settings(...question: Parameters<Patroni["settings"]>): ReturnType<Patroni["settings"]> {
    return this.#patroni.settings(...question);
  }

  members(...question: Parameters<Patroni["members"]>): ReturnType<Patroni["members"]> {
    return this.#patroni.members(...question);
  }

  close(): void {
    this.#patroni.close();
  }
}
