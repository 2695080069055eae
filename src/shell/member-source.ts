/**
 * Whom to ask for the list of the cluster's members.
 *
 * `GET /cluster` makes a Patroni read its DCS and refreshes its `dcs_last_seen`, which hides trouble with the DCS from the
 * lease arithmetic of a node that has a VIP by the leader lock. Such a node asks the Patroni of another member, and its own
 * only when no other answers, seldom, and when that can hide nothing (docs/adr/0019).
 */
import type { Member } from "../core/observation.js";
import type { Clock } from "../ports/clock.js";
import type { Patroni, Unavailable } from "../ports/patroni.js";
import { WATCH_TIMEOUT_MS } from "./patroni-watch.js";

/** A node that has a VIP by the lock asks its own Patroni no more often than this. */
const OWN_INTERVAL_MS = 60_000;
/** Others asked at most, one after the other, until one answers. */
const MAX_OTHERS = 3;

/** What asking this node's own Patroni could spoil. */
export type Stake =
  /** No VIP is here by the leader lock. */
  | "none"
  /** One is, and Patroni's own loop has read the DCS so lately that another reading moves no deadline beyond the lock. */
  | "fresh"
  /** One is, and the deadline for letting go may have to count from the last reading. */
  | "lease";

export interface MemberSourceParts {
  readonly own: Patroni;
  /** The Patroni of another member, by the URL of its REST API. May throw when TLS files cannot be used. */
  readonly open: (url: string) => Patroni;
  readonly clock: Clock;
  readonly isSelf: (member: Member) => boolean;
  readonly stake: () => Stake;
}

export class MemberSource {
  readonly #parts: MemberSourceParts;
  /** As told last; `null`: never yet. */
  #members: readonly Member[] | null = null;
  #ownAskedAtMs = -Infinity;
  /** Others asked so far: whoever did not answer is not the first to be asked again. */
  #turn = 0;

  constructor(parts: MemberSourceParts) {
    this.#parts = parts;
  }

  async ask(): Promise<readonly Member[] | Unavailable> {
    const answer = await this.#answer();
    if (!("kind" in answer)) this.#members = answer;
    return answer;
  }

  async #answer(): Promise<readonly Member[] | Unavailable> {
    // Before the first answer there is nobody else to ask, and no peer to speak to.
    if (this.#members === null || this.#parts.stake() === "none") return this.#askOwn();
    const answer = await this.#askOthers(this.#members);
    // Asking took its time: what is at stake may have changed.
    return "kind" in answer && this.#mayAskOwn() ? this.#askOwn() : answer;
  }

  #mayAskOwn(): boolean {
    const stake = this.#parts.stake();
    if (stake === "fresh") return this.#parts.clock.nowMs() - this.#ownAskedAtMs >= OWN_INTERVAL_MS;
    return stake === "none";
  }

  #askOwn(): Promise<readonly Member[] | Unavailable> {
    this.#ownAskedAtMs = this.#parts.clock.nowMs();
    return this.#parts.own.members(WATCH_TIMEOUT_MS);
  }

  async #askOthers(members: readonly Member[]): Promise<readonly Member[] | Unavailable> {
    let last: Unavailable = { kind: "unavailable", detail: "no other member is known by the URL of its REST API" };
    const urls = members.flatMap((member) => (this.#parts.isSelf(member) ? [] : (restUrlOf(member) ?? [])));
    for (let asked = 0; asked < Math.min(urls.length, MAX_OTHERS); asked += 1) {
      const answer = await this.#askOther(urls[this.#turn % urls.length] ?? "");
      // Its cluster lists this node: a REST API that another cluster has taken over does not.
      if (!("kind" in answer) && answer.some((member) => this.#parts.isSelf(member))) return answer;
      this.#turn += 1;
      last = "kind" in answer ? answer : { kind: "unavailable", detail: "it does not list this node" };
    }
    return last;
  }

  async #askOther(url: string): Promise<readonly Member[] | Unavailable> {
    try {
      const patroni = this.#parts.open(url);
      const answer = await patroni.members(WATCH_TIMEOUT_MS);
      patroni.close();
      return answer;
    } catch (error) {
      return { kind: "unavailable", detail: error instanceof Error ? error.message : String(error) };
    }
  }
}

/** `null` for a leader, whose own lease arithmetic must not be disturbed either, and for one whose URL is none. */
function restUrlOf({ role, apiUrl }: Member): string | null {
  if (role.includes("leader") || apiUrl === null || !URL.canParse(apiUrl)) return null;
  const { protocol, origin } = new URL(apiUrl);
  return protocol === "http:" || protocol === "https:" ? origin : null;
}
