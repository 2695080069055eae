/**
 * The members of a Patroni cluster, each asked for itself once a second.
 *
 * The list of members comes from `/cluster`, which makes a Patroni read its DCS and so hides from its agent that the DCS is
 * in trouble: it is asked of a replica where there is one, and seldom.
 */
import type { PatroniConfig } from "../../config/config.js";
import type { Member, Observation } from "../../core/observation.js";
import { judge } from "../../core/verdict.js";
import type { Clock } from "../../ports/clock.js";
import { openPatroni } from "../../shell/patroni-http.js";
import type { Patroni } from "../../ports/patroni.js";
import { every } from "../probes.js";
import type { ClusterView, MemberView } from "./view.js";

const POLL_MS = 1000;
const TIMEOUT_MS = 900;
const LIST_MS = 10_000;

interface Followed {
  member: Member;
  readonly patroni: Patroni;
  observation: Observation | null;
  isAsking: boolean;
}

export class MemberWatch {
  readonly #config: PatroniConfig;
  readonly #clock: Clock;
  readonly #local: Patroni;
  #followed: readonly Followed[] = [];
  #problem: string | null = null;
  #listedMs = -Infinity;
  #isListing = false;
  #stop: () => void = () => undefined;

  /** Throws a PgvipError when the TLS files cannot be used. */
  constructor(config: PatroniConfig, clock: Clock) {
    this.#config = config;
    this.#clock = clock;
    this.#local = openPatroni(config, clock);
  }

  start(): void {
    this.#poll();
    this.#stop = every(POLL_MS, this.#clock, () => {
      this.#poll();
    });
  }

  /** Idempotent. */
  stop(): void {
    this.#stop();
    this.#local.close();
    for (const { patroni } of this.#followed) patroni.close();
  }

  get view(): ClusterView {
    if (this.#followed.length > 0) {
      const answers = this.#followed.map(statusOf);
      const leaderWal = Math.max(0, ...this.#followed.filter(isLeader).map((one) => statusOf(one)?.walPosition ?? 0));
      const members = this.#followed.map((one) => memberView(one, leaderWal));
      return { kind: "known", members, paused: answers.some((status) => status?.pause === true) };
    }
    if (this.#problem === null) return { kind: "asking" };
    return { kind: "unknown", why: `Patroni at ${this.#config.url} did not tell its members: ${this.#problem}` };
  }

  #poll(): void {
    for (const one of this.#followed) this.#ask(one);
    const isDue = this.#clock.nowMs() - this.#listedMs >= (this.#followed.length === 0 ? POLL_MS : LIST_MS);
    const source = this.#listSource();
    if (isDue && !this.#isListing && source !== null) this.#list(source);
  }

  #ask(one: Followed): void {
    if (one.isAsking) return;
    one.isAsking = true;
    void one.patroni.health("/primary", TIMEOUT_MS).then(({ observation }) => {
      one.isAsking = false;
      one.observation = observation;
    });
  }

  /** A replica's Patroni, or the one that is configured while nothing is known; `null` = the leader alone answers. */
  #listSource(): Patroni | null {
    if (this.#followed.length === 0) return this.#local;
    return this.#followed.find((one) => statusOf(one) !== null && !isLeader(one))?.patroni ?? null;
  }

  #list(source: Patroni): void {
    this.#isListing = true;
    void source.members(TIMEOUT_MS).then((members) => {
      this.#isListing = false;
      this.#listedMs = this.#clock.nowMs();
      if ("kind" in members) this.#problem = members.detail;
      else this.#follow(members);
    });
  }

  /** Members that are known already go on being asked as before. */
  #follow(members: readonly Member[]): void {
    const before = new Map(this.#followed.map((one) => [keyOf(one.member), one]));
    this.#followed = members.flatMap((member) => {
      const one = before.get(keyOf(member)) ?? this.#open(member);
      if (one === null) return [];
      before.delete(keyOf(member));
      one.member = member;
      if (one.observation === null) this.#ask(one);
      return [one];
    });
    for (const { patroni } of before.values()) patroni.close();
  }

  #open(member: Member): Followed | null {
    if (member.apiUrl === null || !URL.canParse(member.apiUrl)) return null;
    const config = { ...this.#config, url: new URL(member.apiUrl).origin, scope: null, name: null };
    return { member, patroni: openPatroni(config, this.#clock), observation: null, isAsking: false };
  }
}

function keyOf({ name, apiUrl }: Member): string {
  return `${name} ${apiUrl ?? ""}`;
}

function statusOf({ observation }: Followed) {
  return observation?.kind === "answered" ? observation.status : null;
}

function isLeader({ observation }: Followed): boolean {
  return observation?.kind === "answered" && observation.hasRole;
}

function memberView(one: Followed, leaderWal: number): MemberView {
  const { member, observation } = one;
  const status = statusOf(one);
  const wal = status?.walPosition ?? null;
  return {
    name: member.name,
    host: member.host,
    verdict: observation === null ? null : judge(observation),
    timeline: status?.timeline ?? null,
    lagBytes: wal === null || leaderWal === 0 || isLeader(one) ? null : Math.max(0, leaderWal - wal),
  };
}
