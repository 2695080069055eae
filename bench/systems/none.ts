/**
 * The floor: no VIP at all. The client knows beforehand who will lead and uses that node's own address, so what it meets
 * is Patroni's and PostgreSQL's own part. Its "added outage" compares two probes of one address: the probe's own error.
 */
import type { VipManager } from "../../lab/vip-manager.js";
import type { System } from "./system.js";

const nobody: VipManager = {
  name: "none",
  missing: () => Promise.resolve(null),
  start: () => Promise.resolve(),
  stop: () => Promise.resolve(),
  kill: () => Promise.resolve(),
  freeze: () => Promise.resolve(),
  thaw: () => Promise.resolve(),
  processes: () => [],
};

export const none: System = {
  name: "none",
  about: "no VIP: clients that know the next primary's own address (the floor)",
  usesVip: false,
  advertEveryMs: null,
  arenas: ["postgres", "stand-in"],
  create: () => nobody,
};
