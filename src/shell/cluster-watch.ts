/** What the agent learns of a Patroni cluster beside its role: the times of its DCS, and who its members are. */
import type { Clock } from "../ports/clock.js";
import type { Patroni } from "../ports/patroni.js";
import type { DcsSettings, Member } from "../core/observation.js";
import type { GroupState } from "../core/types.js";
import type { Logger } from "../log.js";
import { type Group, followsMembers } from "./group.js";
import { MemberNames } from "./member-names.js";
import { MemberSource, type Stake } from "./member-source.js";
import { PatroniWatch, WATCH_TIMEOUT_MS } from "./patroni-watch.js";

export interface WatchContext {
  readonly clock: Clock;
  readonly log: Logger;
  /** Nobody is a peer of itself. */
  readonly ownAddresses: () => readonly string[];
  /** The Patroni of another member, by the URL of its REST API. */
  readonly openMember: (url: string) => Patroni;
}

export class ClusterWatch {
  readonly #patroni: Patroni;
  readonly #groups: readonly Group[];
  readonly #context: WatchContext;
  readonly #dcs: PatroniWatch<DcsSettings>;
  readonly #members: PatroniWatch<readonly Member[]>;
  readonly #names: MemberNames;

  constructor(patroni: Patroni, groups: readonly Group[], context: WatchContext) {
    this.#patroni = patroni;
    this.#groups = groups;
    this.#context = context;
    this.#dcs = this.#watchDcs();
    this.#members = this.#watchMembers();
    this.#names = new MemberNames((name, text) => {
      context.log.warn({ event: "unresolvedMember", name }, text);
    });
  }

  /** Names of the members by their addresses, as far as Patroni has told them. */
  get names(): ReadonlyMap<string, string> {
    return this.#names.owners;
  }

  start(): void {
    this.#dcs.start();
    this.#members.start();
  }

  stop(): void {
    this.#dcs.stop();
    this.#members.stop();
  }

  /** Somebody who is no known member speaks to a group: the cluster may have a new one. */
  strangerHeard(): void {
    this.#members.hasten();
  }

  #watchDcs(): PatroniWatch<DcsSettings> {
    return new PatroniWatch(
      {
        ask: () => this.#patroni.settings(WATCH_TIMEOUT_MS),
        learned: (dcs) => {
          for (const { runner } of this.#groups) runner.dispatch({ kind: "dcsSettingsLearned", dcs });
        },
      },
      this.#context.clock,
    );
  }

  #watchMembers(): PatroniWatch<readonly Member[]> {
    const source = new MemberSource({
      own: this.#patroni,
      open: this.#context.openMember,
      clock: this.#context.clock,
      isSelf: (member) => this.#isSelf(member),
      stake: () => this.#stake(),
    });
    return new PatroniWatch(
      {
        ask: () => source.ask(),
        learned: (members) => {
          void this.#names.addressesOf(members).then((addresses) => {
            this.#setPeers(addresses);
          });
        },
      },
      this.#context.clock,
    );
  }

  #stake(): Stake {
    const leased = this.#groups.filter(({ runner, config }) => runner.holding !== null && config.election === null);
    if (leased.length === 0) return "none";
    const nowMs = this.#context.clock.nowMs();
    return leased.every(({ runner }) => isDcsFresh(runner.state, nowMs)) ? "fresh" : "lease";
  }

  /** Known by its address, or by that of its REST API: only from version 4 on Patroni tells its own name. */
  #isSelf({ name, apiUrl }: Member): boolean {
    const own = new Set(this.#context.ownAddresses());
    if (apiUrl !== null && URL.canParse(apiUrl) && own.has(new URL(apiUrl).hostname.replace(/^\[(.*)\]$/, "$1")))
      return true;
    return [...this.names].some(([address, owner]) => owner === name && own.has(address));
  }

  /** Whoever has no list of peers speaks to the members of the cluster, except to itself. */
  #setPeers(addresses: readonly string[]): void {
    const own = new Set(this.#context.ownAddresses());
    const others = addresses.filter((address) => !own.has(address));
    for (const { runner } of this.#groups.filter(followsMembers)) {
      if (runner.speech.peers?.join() === others.join()) continue;
      runner.setPeers(others);
      this.#context.log.info(
        { event: "peers", group: runner.setup.name, peers: others },
        `unicast peers: ${others.join(", ") || "none"}`,
      );
    }
  }
}

/**
 * Whether Patroni's own loop has read the DCS within half a `loop_wait`. The lock was renewed right after that, so even if
 * `dcs_last_seen` becomes now, the lock lives for as long as the lease arithmetic will believe (core/deadlines.ts).
 */
function isDcsFresh({ view, dcs }: GroupState, nowMs: number): boolean {
  if (view?.observation.kind !== "answered" || view.observation.dcsSeenAtMs === null || dcs === null) return false;
  return nowMs - view.observation.dcsSeenAtMs <= dcs.loopWaitMs / 2;
}
