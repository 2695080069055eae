/**
 * One question to Patroni for all groups that want to know the same: 255 groups of a cluster ask as often as one.
 *
 * A group says how old an answer may be. An exchange that began no earlier, and that will be over within the group's own
 * time, answers it as well as one of its own. What one group has been told already is news to those who know less; a
 * patient question answers all who know the same, and have as much patience.
 */
import type { Clock } from "../ports/clock.js";
import type { HealthAnswer, PatientTerms, Patroni } from "../ports/patroni.js";

interface Exchange {
  readonly beganAtMs: number;
  readonly overAtMs: number;
  readonly answer: Promise<HealthAnswer>;
}

interface PatientExchange {
  readonly terms: PatientTerms;
  readonly answer: Promise<HealthAnswer>;
}

export class SharedPolls implements Patroni {
  readonly #patroni: Patroni;
  readonly #clock: Clock;
  /** The latest of each path, under way or over. */
  readonly #latest = new Map<string, Exchange>();
  /** The latest patient one of each path that is under way. */
  readonly #patient = new Map<string, PatientExchange>();
  /** The latest answer to each. */
  readonly #answers = new Map<string, HealthAnswer>();

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
    const answer = this.#noted(path, this.#patroni.health(path, timeoutMs));
    this.#latest.set(path, { beganAtMs: now, overAtMs: now + timeoutMs, answer });
    return answer;
  }

  news(path: string, timeoutMs: number, terms: PatientTerms): Promise<HealthAnswer> {
    const answered = this.#answers.get(path);
    if (answered !== undefined && answered.sentAtMs > terms.known.sentAtMs) return Promise.resolve(answered);
    const underWay = this.#patient.get(path);
    if (underWay !== undefined && serves(underWay.terms, terms)) return underWay.answer;
    const exchange = { terms, answer: this.#noted(path, this.#patroni.news(path, timeoutMs, terms)) };
    this.#patient.set(path, exchange);
    void exchange.answer.then(() => {
      if (this.#patient.get(path) === exchange) this.#patient.delete(path);
    });
    return exchange.answer;
  }

  async #noted(path: string, answering: Promise<HealthAnswer>): Promise<HealthAnswer> {
    const answer = await answering;
    const before = this.#answers.get(path);
    if (before === undefined || answer.sentAtMs > before.sentAtMs) this.#answers.set(path, answer);
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

/** Whether who asks on these terms is told no later by an exchange on those. */
function serves(those: PatientTerms, these: PatientTerms): boolean {
  return those.known === these.known && those.everyMs <= these.everyMs && those.untilMs <= these.untilMs;
}
