/** One group as the agent keeps it: the machine that runs it, its configuration, and what it remembers. */
import type { GroupConfig } from "../config/config.js";
import type { GroupState, Report } from "../core/types.js";
import { deriveRouterId } from "../core/router-id.js";
import type { Logger } from "../log.js";
import type { Clock } from "../ports/clock.js";
import type { Patroni } from "../ports/patroni.js";
import { type Vrid, vrid } from "../wire/units.js";
import { GroupLog } from "./group-log.js";
import { type GroupSetup, GroupRunner } from "./group-runner.js";
import { Journal } from "./journal.js";
import type { Orders } from "./orders.js";

export interface Group {
  readonly runner: GroupRunner;
  readonly config: GroupConfig;
  readonly journal: Journal;
}

/** Gets each report with the state after the step that made it. */
export type ReportListener = (group: string, report: Report, state: GroupState) => void;

export interface GroupContext {
  readonly clock: Clock;
  readonly orders: Orders;
  readonly patroni: Patroni;
  /** Named by the configuration; else it comes with Patroni's first answer. */
  readonly scope: string | null;
  readonly log: Logger;
  /** Told of everything that a group reports, in order. */
  readonly listeners: readonly ReportListener[];
  /** A router ID has become known: listen for it. */
  readonly listen: () => void;
}

export function makeGroup(config: GroupConfig, context: GroupContext): Group {
  const { clock, orders, patroni, listeners, listen } = context;
  const setup = setupOf(config);
  const log = context.log.child({ group: setup.name });
  const lines = new GroupLog(log);
  const journal = new Journal();
  const report = (report: Report, state: GroupState): void => {
    lines.write(report, state);
    journal.note(report, clock.nowMs());
    for (const listener of listeners) listener(setup.name, report, state);
  };
  const routerId = (scope: string | null): Vrid => routerIdOf(config, scope ?? context.scope, log);
  return { runner: new GroupRunner(setup, { clock, patroni, orders, routerId, listen, report }), config, journal };
}

/** Whether the unicast peers of a group are whoever Patroni's `/cluster` lists. */
export function followsMembers({ config: { transport } }: Group): boolean {
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
      election: config.election,
      timing: config.timing,
    },
    speech: {
      vips: config.vips,
      label: config.label,
      advertIntervalMs: config.timing.advertIntervalMs,
      dialect: config.dialect,
      peers: transport.kind === "multicast" ? null : transport.peers === "members" ? [] : transport.peers,
      destroySockets: config.destroySockets,
      kernelLeaseSeconds: config.kernelLeaseSeconds,
    },
  };
}

function routerIdOf(config: GroupConfig, scope: string | null, log: Logger): Vrid {
  if (config.routerId !== null) return vrid(config.routerId);
  const [first] = config.vips;
  const derived = deriveRouterId(scope ?? "", first?.address ?? "");
  log.info(
    { event: "routerId", routerId: derived },
    `virtual router ID ${String(derived)}, derived from scope and VIP`,
  );
  return derived;
}
