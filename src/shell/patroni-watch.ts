/**
 * Keeps one thing that Patroni knows up to date: until the first answer it is asked every second, then rarely, because
 * what is asked here (its dynamic configuration, the members of the cluster) seldom changes.
 */
import type { Clock } from "../ports/clock.js";
import type { Unavailable } from "../ports/patroni.js";

const RETRY_MS = 1_000;
const REFRESH_MS = 30_000;
/** For one question, each of which may make Patroni ask its DCS. */
export const WATCH_TIMEOUT_MS = 2_000;

export interface Watched<Answer extends object> {
  readonly ask: () => Promise<Answer | Unavailable>;
  /** False: what is known has to do for now. Not asked before the first answer. */
  readonly mayRefresh: () => boolean;
  readonly learned: (answer: Answer) => void;
}

export class PatroniWatch<Answer extends object> {
  readonly #watched: Watched<Answer>;
  readonly #clock: Clock;
  #known = false;
  #cancel: () => void = () => undefined;
  #stopped = false;

  constructor(watched: Watched<Answer>, clock: Clock) {
    this.#watched = watched;
    this.#clock = clock;
  }

  start(): void {
    void this.#ask();
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel();
  }

  async #ask(): Promise<void> {
    const { ask, mayRefresh, learned } = this.#watched;
    if (!this.#known || mayRefresh()) {
      const answer = await ask();
      if (this.#stopped) return;
      if (!isUnavailable(answer)) {
        this.#known = true;
        learned(answer);
      }
    }
    const waitMs = this.#known ? REFRESH_MS : RETRY_MS;
    this.#cancel = this.#clock.at(this.#clock.nowMs() + waitMs, () => void this.#ask());
  }
}

function isUnavailable(answer: object): answer is Unavailable {
  return "kind" in answer && answer.kind === "unavailable";
}
