/**
 * Keeps one thing that Patroni knows up to date: until the first answer it is asked every second, then rarely, because
 * what is asked here (its dynamic configuration, the members of the cluster) seldom changes.
 */
import type { Clock } from "../ports/clock.js";
import type { Unavailable } from "../ports/patroni.js";

const FIRST_RETRY_MS = 1_000;
const REFRESH_MS = 30_000;
/** After a question that brought nothing. No multiple of Patroni's usual `loop_wait`, so that one meets each moment of it. */
const RETRY_MS = 7_000;
/** Between two questions, whoever says that there is news: strangers may say so as often as they like. */
const HASTE_MS = 5_000;
/** For one question, each of which may make Patroni ask its DCS. */
export const WATCH_TIMEOUT_MS = 2_000;

export interface Watched<Answer extends object> {
  readonly ask: () => Promise<Answer | Unavailable>;
  readonly learned: (answer: Answer) => void;
}

export class PatroniWatch<Answer extends object> {
  readonly #watched: Watched<Answer>;
  readonly #clock: Clock;
  #known = false;
  #askedAtMs = -Infinity;
  /** When the next question is due; Infinity while one is under way. */
  #dueAtMs = Infinity;
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

  /** What is known may be out of date: asks at once, or as soon after the last question as is decent. */
  hasten(): void {
    const atMs = Math.max(this.#clock.nowMs(), this.#askedAtMs + HASTE_MS);
    if (this.#stopped || this.#dueAtMs === Infinity || atMs >= this.#dueAtMs) return;
    this.#askAt(atMs);
  }

  #askAt(atMs: number): void {
    this.#cancel();
    this.#dueAtMs = atMs;
    this.#cancel = this.#clock.at(atMs, () => void this.#ask());
  }

  async #ask(): Promise<void> {
    const { ask, learned } = this.#watched;
    this.#dueAtMs = Infinity;
    this.#askedAtMs = this.#clock.nowMs();
    const answer = await ask();
    if (this.#stopped) return;
    const isNews = !isUnavailable(answer);
    this.#known ||= isNews;
    if (isNews) learned(answer);
    this.#askAt(this.#clock.nowMs() + (isNews ? REFRESH_MS : this.#known ? RETRY_MS : FIRST_RETRY_MS));
  }
}

function isUnavailable(answer: object): answer is Unavailable {
  return "kind" in answer && answer.kind === "unavailable";
}
