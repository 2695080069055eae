/** Carries out what an operator says about maintenance, for one group or all, and keeps what should outlive the agent. */
import * as v from "valibot";
import type { Maintenance } from "../core/types.js";
import { PgvipError } from "../errors.js";
import type { Clock } from "../ports/clock.js";
import type { Request } from "./control-socket.js";
import type { Group } from "./group.js";
import type { KeptMaintenance, MaintenanceStore } from "./maintenance-store.js";
import { type MaintenanceAnswer, type MaintenanceRequest, maintenanceRequest } from "./maintenance-words.js";

export interface OperatorContext {
  readonly clock: Clock;
  readonly store: MaintenanceStore;
}

export class Operator {
  /** The agent's own list: it changes with the configuration. */
  readonly #groups: readonly Group[];
  readonly #context: OperatorContext;
  /** Whether the file has something to say that an order may change. */
  #isFiled = false;
  /** One order after the other, so that the file says what the last one said. */
  #busy: Promise<unknown> = Promise.resolve();

  constructor(groups: readonly Group[], context: OperatorContext) {
    this.#groups = groups;
    this.#context = context;
  }

  /** What was kept by an earlier agent, before the groups look at their interfaces. */
  restore(kept: readonly KeptMaintenance[]): void {
    this.#isFiled = kept.length > 0;
    for (const group of this.#groups) {
      const found = kept.find(({ vips }) => vips.some((vip) => hasVip(group, vip)));
      if (found === undefined) continue;
      group.persistent = true;
      const untilMs = found.until === null ? Infinity : this.#monotonic(Date.parse(found.until));
      this.#tell(
        group,
        found.mode === "paused" ? { kind: "paused", untilMs, pinned: found.pinned } : { kind: "released", untilMs },
      );
    }
  }

  /** Handles one of the commands `pause`, `release` and `resume`; resolves when it is true on the network as well. */
  handle(request: Request): Promise<readonly MaintenanceAnswer[]> {
    const answer = this.#busy.then(() => this.#carryOut(request));
    this.#busy = answer.catch(() => undefined);
    return answer;
  }

  async #carryOut(request: Request): Promise<readonly MaintenanceAnswer[]> {
    const read = v.safeParse(maintenanceRequest, request);
    if (!read.success) throw new PgvipError("USAGE", `not a request for maintenance: ${read.issues[0].message}`);
    const groups = this.#chosen(read.output.groups);
    for (const group of groups) {
      this.#tell(group, maintenanceOf(read.output, this.#context.clock.nowMs()));
      group.persistent = read.output.persist;
    }
    await Promise.all(groups.map(({ runner }) => runner.left()));
    if (this.#isFiled || read.output.persist) await this.#file();
    return groups.map((group) => ({ ...this.#answer(group), group: group.name }));
  }

  async #file(): Promise<void> {
    const kept = this.#groups.flatMap((group) => this.#kept(group));
    try {
      await this.#context.store.save(kept);
      this.#isFiled = kept.length > 0;
    } catch (cause) {
      const text = cause instanceof Error ? cause.message : String(cause);
      throw new PgvipError("SYSTEM", `it is in force now, but a restart of the agent would undo it: ${text}`, {
        cause,
      });
    }
  }

  #tell({ runner }: Group, maintenance: Maintenance): void {
    runner.dispatch({ kind: "maintenanceOrdered", maintenance });
  }

  /** Groups by name or by one of their VIPs; all when none is named. */
  #chosen(names: readonly string[]): readonly Group[] {
    if (names.length === 0) return this.#groups;
    return names.map((name) => {
      const found = this.#groups.find((group) => group.name === name || hasVip(group, name));
      if (found !== undefined) return found;
      const known = this.#groups.map((group) => group.name).join(" and ");
      throw new PgvipError("USAGE", `no group has the VIP ${name}; there is ${known}`);
    });
  }

  #kept(group: Group): readonly KeptMaintenance[] {
    const { maintenance } = group.runner.state;
    if (!group.persistent || maintenance.kind === "none") return [];
    const { until } = this.#answer(group);
    const pinned = maintenance.kind === "paused" && maintenance.pinned;
    return [{ vips: [...group.runner.setup.settings.vips], mode: maintenance.kind, until, pinned }];
  }

  #answer({ runner, persistent }: Group): Omit<MaintenanceAnswer, "group"> {
    const { maintenance, phase } = runner.state;
    if (maintenance.kind === "none") return { state: phase.kind, mode: null, until: null, persistent: false };
    const { untilMs } = maintenance;
    const until = untilMs === Infinity ? null : new Date(Date.now() + untilMs - this.#context.clock.nowMs());
    return { state: phase.kind, mode: maintenance.kind, until: until?.toISOString() ?? null, persistent };
  }

  #monotonic(wallMs: number): number {
    return this.#context.clock.nowMs() + wallMs - Date.now();
  }
}

function maintenanceOf({ command, forMs }: MaintenanceRequest, nowMs: number): Maintenance {
  const untilMs = forMs === null ? Infinity : nowMs + forMs;
  switch (command) {
    case "pause":
      return { kind: "paused", untilMs, pinned: false };
    case "release":
      return { kind: "released", untilMs };
    case "resume":
      return { kind: "none" };
  }
}

function hasVip({ runner }: Group, vip: string): boolean {
  return runner.setup.settings.vips.includes(vip);
}
