/** One group as the agent keeps it: the machine that runs it, its configuration, and what it remembers. */
import type { Config, GroupConfig } from "../config/config.js";
import type { GroupState, Report } from "../core/types.js";
import { deriveRouterId } from "../core/router-id.js";
import type { Logger } from "../log.js";
import type { Clock } from "../ports/clock.js";
import type { Patroni } from "../ports/patroni.js";
import { type Vrid, vrid } from "../wire/units.js";
import { GroupLog } from "./group-log.js";
import { type GroupPorts, type GroupSetup, GroupRunner } from "./group-runner.js";
import { Journal } from "./journal.js";
import type { Orders } from "./orders.js";

/** Gets each report with the state after the step that made it. */
export type ReportListener = (group: string, report: Report, state: GroupState) => void;

export interface GroupContext {
  readonly clock: Clock;
  readonly orders: Orders;
  readonly patroni: Patroni;
  /** Named by the configuration; else it comes with Patroni's first answer. */
  readonly scope: string | null;
  readonly recoveryEnds: GroupPorts["recoveryEnds"];
  readonly readCluster: GroupPorts["readCluster"];
  readonly log: Logger;
  /** Told of everything that a group reports, in order. */
  readonly listeners: readonly ReportListener[];
  /** A router ID has become known: listen for it. */
  readonly listen: () => void;
  readonly expect: GroupPorts["expect"];
}

export class Group {
  readonly runner: GroupRunner;
  readonly journal = new Journal();
  /** Whether its maintenance outlives a restart of the agent; said by the operator, kept by operator.ts. */
  persistent = false;
  readonly #context: GroupContext;
  #config: GroupConfig;
  #log: Logger;
  #lines: GroupLog;
  /** As Patroni last told it. */
  #scope: string | null;

  constructor(config: GroupConfig, context: GroupContext) {
    const { clock, orders, patroni, recoveryEnds, readCluster, listen, expect } = context;
    this.#config = config;
    this.#context = context;
    this.#scope = context.scope;
    const setup = setupOf(config);
    this.#log = context.log.child({ group: setup.name });
    this.#lines = new GroupLog(this.#log);
    this.runner = new GroupRunner(setup, {
      clock,
      patroni,
      orders,
      recoveryEnds,
      readCluster,
      listen,
      expect,
      routerId: (scope) => {
        this.#scope = scope ?? this.#scope;
        return this.#routerId();
      },
      report: (report, state) => {
        this.#report(report, state);
      },
    });
  }

  get name(): string {
    return this.runner.setup.name;
  }

  get config(): GroupConfig {
    return this.#config;
  }

  /** Other settings for the same place. The members of the cluster stay peers when they were. */
  reconfigure(config: GroupConfig): void {
    const before = this.#config;
    const { peers } = this.runner.speech;
    const followed = followsMembers(this);
    this.#config = config;
    const setup = setupOf(config);
    if (setup.name !== this.name) {
      this.#log = this.#context.log.child({ group: setup.name });
      this.#lines = new GroupLog(this.#log);
    }
    const speech = followed && followsMembers(this) ? { ...setup.speech, peers } : setup.speech;
    const routerId = config.routerId === before.routerId ? null : this.#routerId();
    this.runner.reconfigure({ ...setup, speech }, routerId);
  }

  setLogLevel(level: Config["logLevel"]): void {
    this.#log.level = level;
  }

  #report(report: Report, state: GroupState): void {
    this.#lines.write(report, state);
    this.journal.note(report, this.#context.clock.nowMs());
    for (const listener of this.#context.listeners) listener(this.name, report, state);
  }

  #routerId(): Vrid {
    const { routerId, vips } = this.#config;
    if (routerId !== null) return vrid(routerId);
    const derived = deriveRouterId(this.#scope ?? "", vips[0]?.address ?? "");
    this.#log.info(
      { event: "routerId", routerId: derived },
      `virtual router ID ${String(derived)}, derived from scope and VIP`,
    );
    return derived;
  }
}

/** Whether the unicast peers of a group are whoever Patroni's `/cluster` lists. */
export function followsMembers({ config: { transport } }: Pick<Group, "config">): boolean {
  return transport.kind === "unicast" && transport.peers === "members";
}

function setupOf(config: GroupConfig): GroupSetup {
  const { transport } = config;
  const addresses = config.vips.map(({ address }) => address);
  return {
    name: addresses.join(","),
    path: config.healthPath,
    settings: {
      vips: addresses,
      priority: config.priority,
      takeOn: config.takeOn,
      hearsEach: config.signatures !== null,
      election: config.election,
      timing: config.timing,
    },
    speech: {
      vips: config.vips,
      label: config.label,
      advertIntervalMs: config.timing.advertIntervalMs,
      dialect: config.dialect,
      signatures: config.signatures,
      peers: transport.kind === "multicast" ? null : transport.peers === "members" ? [] : transport.peers,
      destroySockets: config.destroySockets,
      kernelLeaseSeconds: config.kernelLeaseSeconds,
    },
  };
}
