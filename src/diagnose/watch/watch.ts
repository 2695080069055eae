/** Follows the agent of this node, the members of its cluster and the VIPs, for `pgvip status --watch`. Changes nothing. */
import type { PatroniConfig } from "../../config/config.js";
import { PgvipError } from "../../errors.js";
import { systemClock } from "../../shell/system-clock.js";
import type { StatusDocument } from "../../status.js";
import { every } from "../probes.js";
import { MemberWatch } from "./member-watch.js";
import { VipPings } from "./vip-pings.js";
import type { AgentView, Change, WatchView } from "./view.js";
import { changesOf, subjectsOf } from "./words.js";

const POLL_MS = 500;
/** As many as a tall screen shows. */
const MAX_CHANGES = 200;

export class StatusWatch {
  readonly #ask: () => Promise<StatusDocument>;
  readonly #members: MemberWatch | null;
  readonly #noMembers: string;
  readonly #pings = new VipPings((text) => {
    this.#change(text);
  });
  readonly #changes: Change[] = [];
  #agent: AgentView = { kind: "asking" };
  #isAsking = false;
  #told: ReadonlyMap<string, string> = new Map();
  #onChange: (change: Change) => void = () => undefined;
  #stop: () => void = () => undefined;

  /**
   * `ask` rejects with a PgvipError while no agent answers. `patroni`: the way to it, or why there is none; a watch goes on
   * without.
   */
  constructor(ask: () => Promise<StatusDocument>, patroni: PatroniConfig | string) {
    this.#ask = ask;
    this.#members = typeof patroni === "string" ? null : new MemberWatch(patroni, systemClock);
    this.#noMembers = typeof patroni === "string" ? patroni : "";
  }

  start(): void {
    this.#members?.start();
    const poll = (): void => {
      void this.#askAgent();
    };
    poll();
    this.#stop = every(POLL_MS, systemClock, poll);
  }

  /** Idempotent. */
  stop(): void {
    this.#stop();
    this.#members?.stop();
    this.#pings.stop();
  }

  /** Each change as it is noticed; those before are in `view`. */
  onChange(listener: (change: Change) => void): void {
    this.#onChange = listener;
  }

  get view(): WatchView {
    return {
      nowMs: Date.now(),
      agent: this.#agent,
      cluster: this.#members?.view ?? { kind: "unknown", why: this.#noMembers },
      ping: this.#pings.view,
      changes: this.#changes,
    };
  }

  async #askAgent(): Promise<void> {
    if (this.#isAsking) return;
    this.#isAsking = true;
    try {
      const status = await this.#ask();
      this.#agent = { kind: "answered", status };
      for (const { vips } of status.groups) for (const vip of vips) this.#pings.follow(vip.split("/")[0] ?? vip);
    } catch (error) {
      if (!(error instanceof PgvipError)) throw error;
      this.#agent = { kind: "silent", why: error.message };
    } finally {
      this.#isAsking = false;
    }
    const now = subjectsOf(this.view);
    for (const text of changesOf(this.#told, now)) this.#change(text);
    this.#told = now;
  }

  #change(text: string): void {
    const change = { atMs: Date.now(), text };
    this.#changes.push(change);
    this.#changes.splice(0, this.#changes.length - MAX_CHANGES);
    this.#onChange(change);
  }
}
