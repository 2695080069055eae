/** What the agent learns of a Patroni cluster beside its role: the times of its DCS, and who its members are. */
import type { Clock } from "../ports/clock.js";
import type { Patroni } from "../ports/patroni.js";
import type { DcsSettings, Member } from "../core/observation.js";
import type { Logger } from "../log.js";
import { type Group, followsMembers } from "./group.js";
import { MemberNames } from "./member-names.js";
import { PatroniWatch, WATCH_TIMEOUT_MS } from "./patroni-watch.js";

export interface WatchContext {
  readonly clock: Clock;
  readonly log: Logger;
  /** Nobody is a peer of itself. */
  readonly ownAddresses: () => readonly string[];
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

  #watchDcs(): PatroniWatch<DcsSettings> {
    return new PatroniWatch(
      {
        ask: () => this.#patroni.settings(WATCH_TIMEOUT_MS),
        mayRefresh: () => true,
        learned: (dcs) => {
          for (const { runner } of this.#groups) runner.dispatch({ kind: "dcsSettingsLearned", dcs });
        },
      },
      this.#context.clock,
    );
  }

  /**
   * `GET /cluster` makes Patroni read its DCS and refreshes `dcs_last_seen`, which hides trouble with the DCS from the lease
   * arithmetic of a holder: so not while a VIP is held here.
   */
  #watchMembers(): PatroniWatch<readonly Member[]> {
    return new PatroniWatch(
      {
        ask: () => this.#patroni.members(WATCH_TIMEOUT_MS),
        mayRefresh: () => this.#groups.every(({ runner }) => runner.holding === null),
        learned: (members) => {
          void this.#names.addressesOf(members).then((addresses) => {
            this.#setPeers(addresses);
          });
        },
      },
      this.#context.clock,
    );
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
