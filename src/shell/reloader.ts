/** Brings a running agent in line with its configuration as it is now. What is wrong changes nothing, and says why. */
import type { Config, GroupConfig } from "../config/config.js";
import { PgvipError } from "../errors.js";
import type { Logger } from "../log.js";
import type { Reloaded } from "./reload-answer.js";
import type { Group } from "./group.js";
import { hookUser } from "./hooks.js";
import { type Change, planChange } from "./reload.js";
import type { Segment } from "./segment.js";

export interface ReloadContext {
  readonly log: Logger;
  readonly segment: Segment;
  /** Rejects with a PgvipError that tells all that is wrong. */
  readonly readConfig: () => Promise<Config>;
  /** The one in force. */
  readonly config: () => Config;
  readonly make: (group: GroupConfig, config: Config) => Group;
  /** The groups are as they should be: the rest of the agent comes next. */
  readonly applied: (config: Config) => void;
  readonly around: { readonly begins: () => void; readonly ends: () => void };
}

export class Reloader {
  /** The agent's own list, which everybody reads. */
  readonly #groups: Group[];
  readonly #context: ReloadContext;
  #last: Promise<unknown> = Promise.resolve();

  constructor(groups: Group[], context: ReloadContext) {
    this.#groups = groups;
    this.#context = context;
  }

  /** One after the other. Rejects when nothing was changed. */
  reload(why: string): Promise<Reloaded> {
    const done = this.#last.then(() => this.#reload(why));
    this.#last = done.catch(() => undefined);
    return done;
  }

  async #reload(why: string): Promise<Reloaded> {
    const { log, around, readConfig } = this.#context;
    log.info({ event: "reload" }, `reading the configuration again: ${why}`);
    around.begins();
    try {
      return await this.#apply(await readConfig());
    } catch (error) {
      log.error({ event: "reload" }, `nothing was changed: ${error instanceof Error ? error.message : String(error)}`);
      throw error;
    } finally {
      around.ends();
    }
  }

  async #apply(config: Config): Promise<Reloaded> {
    const { log, segment, make, applied } = this.#context;
    const before = this.#context.config();
    const change = planChange(before, this.#groups, config);
    hookUser(config.hooks);
    this.#check(change);
    // First room, then what may need it.
    await Promise.all(change.go.map(({ runner }) => runner.stop("release")));
    for (const { group, config: changed } of change.stay) group.reconfigure(changed);
    const came = change.come.map((group) => make(group, config));
    this.#groups.splice(0, Infinity, ...change.stay.map(({ group }) => group), ...came);
    segment.regroup();
    applied(config);
    const reloaded = {
      stay: change.stay.map(({ group }) => group.name),
      come: came.map(({ name }) => name),
      go: change.go.map(({ name }) => name),
      needRestart: [...change.needRestart],
    };
    log.info({ event: "reload", ...reloaded }, "the new configuration is in force");
    if (reloaded.needRestart.length > 0) {
      log.warn({ event: "reload" }, `these stay as they are until a restart: ${reloaded.needRestart.join(", ")}`);
    }
    return reloaded;
  }

  /** What the configuration alone cannot tell: whether it fits this host. A group that stays has its place already. */
  #check({ stay, come }: Change): void {
    const added = stay.flatMap(({ group, config }) => {
      const vips = config.vips.filter(({ address }) => !group.runner.setup.settings.vips.includes(address));
      return vips.length === 0 ? [] : [{ ...config, vips }];
    });
    const problems = [...added, ...come].flatMap((config) => this.#context.segment.unfit(config) ?? []);
    if (problems.length > 0) throw new PgvipError("CONFIG", problems.join("; "));
  }
}
