/**
 * What a new configuration changes in a running agent: which groups stay, go and come, and which settings only a restart
 * can change. Pure; agent.ts carries it out.
 */
import type { Config, GroupConfig } from "../config/config.js";
import type { Group } from "./group.js";

export interface Change {
  readonly stay: readonly { readonly group: Group; readonly config: GroupConfig }[];
  readonly go: readonly Group[];
  readonly come: readonly GroupConfig[];
  /** Settings that stay as they are until a restart, for people. */
  readonly needRestart: readonly string[];
}

export function planChange(before: Config, groups: readonly Group[], after: Config): Change {
  const left = [...groups];
  const stay: { group: Group; config: GroupConfig }[] = [];
  const come: GroupConfig[] = [];
  const needRestart = [...agentNeeds(before, after)];
  for (const config of after.groups) {
    const group = left.find((candidate) => isSamePlace(candidate, config));
    if (group === undefined) {
      come.push(config);
      continue;
    }
    left.splice(left.indexOf(group), 1);
    needRestart.push(...groupNeeds(group.config, config));
    stay.push({ group, config: fixed(group.config, config) });
  }
  return { stay, go: left, come, needRestart };
}

/** Groups that have a VIP in common, on the same interface, are one: what both have stays where it is. */
function isSamePlace({ config: before, runner }: Group, after: GroupConfig): boolean {
  const wanted = after.interface ?? before.interface;
  const isThere = before.interface === wanted || runner.placement?.name === wanted;
  if (!isThere || before.role !== after.role || before.cluster !== after.cluster) return false;
  return after.vips.some(({ address }) => before.vips.some((known) => known.address === address));
}

function agentNeeds(before: Config, after: Config): readonly string[] {
  const differs = (a: unknown, b: unknown): boolean => JSON.stringify(a) !== JSON.stringify(b);
  return [
    ...(differs(before.patroni, after.patroni) ? ["patroni"] : []),
    ...[...after.clusters].flatMap(([name, cluster]) => {
      const known = before.clusters.get(name);
      return known !== undefined && differs(known, cluster) ? [`clusters.${name}`] : [];
    }),
    ...(before.socketPath !== after.socketPath ? ["socket"] : []),
    ...(before.stateDirectory !== after.stateDirectory ? ["state_directory"] : []),
    ...(before.notify.fifoPath !== after.notify.fifoPath ? ["notify_fifo"] : []),
    ...(before.notify.group !== after.notify.group ? ["notify_group"] : []),
    ...(differs(before.metrics, after.metrics) ? ["metrics"] : []),
  ];
}

/** The kernel knows an address by its prefix length, and changes no label: only a new address could have another one. */
function groupNeeds(before: GroupConfig, after: GroupConfig): readonly string[] {
  const resized = after.vips.filter(({ address, prefixLength }) => {
    const known = before.vips.find((vip) => vip.address === address);
    return known !== undefined && known.prefixLength !== prefixLength;
  });
  return [
    ...resized.map(({ address }) => `the prefix length of ${address}`),
    ...(hasSameMac(before, after) ? [] : [`the MAC address of ${after.vips[0]?.address ?? ""}`]),
    ...(before.label !== after.label ? [`the label of ${after.vips[0]?.address ?? ""}`] : []),
  ];
}

/** A virtual MAC is made of the router ID. */
function hasSameMac(before: GroupConfig, after: GroupConfig): boolean {
  if (before.virtualMac !== after.virtualMac) return false;
  return !before.virtualMac || before.routerId === after.routerId;
}

function fixed(before: GroupConfig, after: GroupConfig): GroupConfig {
  const vips = after.vips.map((vip) => before.vips.find(({ address }) => address === vip.address) ?? vip);
  const mac = hasSameMac(before, after) ? {} : { virtualMac: before.virtualMac, routerId: before.routerId };
  return { ...after, ...mac, vips, label: before.label };
}
