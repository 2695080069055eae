/** What one group asks its Patroni, and what it knows already of the answers to come. */
import type { Effect } from "../core/types.js";
import type { HealthAnswer, Patroni } from "../ports/patroni.js";

type Ask = Effect & { readonly kind: "ask" };
type AskPatiently = Effect & { readonly kind: "askPatiently" };

export interface QuestionPorts {
  /** `GET` path whose 200 says that this node has the role; it changes with the configuration. */
  readonly path: () => string;
  readonly answered: (question: number, answer: HealthAnswer) => void;
}

export class Questions {
  readonly #patroni: Patroni;
  readonly #ports: QuestionPorts;
  /** Patroni's latest answer. */
  #known: HealthAnswer | null = null;

  constructor(patroni: Patroni, ports: QuestionPorts) {
    this.#patroni = patroni;
    this.#ports = ports;
  }

  async ask({ question, timeoutMs, notBeforeMs }: Ask): Promise<void> {
    this.#settle(question, await this.#patroni.health(this.#ports.path(), timeoutMs, notBeforeMs));
  }

  async askPatiently(effect: AskPatiently): Promise<void> {
    const path = this.#ports.path();
    const answer = await this.#news(path, effect);
    if (path === this.#ports.path()) this.#settle(effect.question, answer);
    // Another question would be answered by it.
    else await this.askPatiently(effect);
  }

  #news(path: string, { timeoutMs, patience }: AskPatiently): Promise<HealthAnswer> {
    const known = this.#known;
    if (known === null) return this.#patroni.health(path, timeoutMs);
    return this.#patroni.news(path, timeoutMs, { ...patience, known });
  }

  #settle(question: number, answer: HealthAnswer): void {
    if (this.#known === null || answer.sentAtMs >= this.#known.sentAtMs) this.#known = answer;
    this.#ports.answered(question, answer);
  }
}
