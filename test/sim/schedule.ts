/** From a seed to a plan: what the cluster is like, and which faults hit it when. */
import type { GroupSettings } from "../../src/core/types.js";
import type { NodeFault, ScheduledFault, Target, WorldFault } from "./faults.js";
import { type Plane, planes } from "./lan.js";
import type { PatroniSettings } from "./patroni.js";
import { Random } from "./random.js";
import { VIP } from "./agent.js";
import type { WorldPlan } from "./world.js";

export interface Plan {
  readonly world: WorldPlan;
  readonly faults: readonly ScheduledFault[];
}

const FIRST_FAULT_MS = 4_000;

/** The default configuration. */
export const defaultSettings: GroupSettings = {
  vips: [VIP],
  priority: 254,
  takeOn: "auto",
  hearsEach: false,
  election: null,
  timing: {
    advertIntervalMs: 100,
    skewUnitMs: null,
    pollMs: 100,
    turboMs: 10,
    lockPollMs: 5,
    answerTimeoutMs: 300,
    leaseMs: 1_000,
    holdTimeoutMs: 5_000,
    silenceTimeoutMs: 15_000,
    startupGraceMs: 3_000,
    promoteGraceMs: 1_000,
  },
};

/** Patroni's defaults, and the fastest that it accepts. */
const dcsTimings = [
  { ttlMs: 30_000, loopWaitMs: 10_000, retryTimeoutMs: 10_000 },
  { ttlMs: 20_000, loopWaitMs: 2_000, retryTimeoutMs: 8_000 },
  { ttlMs: 20_000, loopWaitMs: 1_000, retryTimeoutMs: 3_000 },
] as const;

export function planOf(seed: string): Plan {
  const random = new Random(`${seed}/plan`);
  const patroni: PatroniSettings = {
    ...random.pick(dcsTimings),
    failsafeMode: random.chance(0.25),
    failsOverOnCrash: random.chance(0.25),
  };
  const nodes = random.pick([2, 2, 3, 3, 3, 4, 5]);
  const takeOn = random.pick(["auto", "auto", "auto", "auto", "lock", "writable"] as const);
  const world = { seed, nodes, neighbours: 2, settings: { ...defaultSettings, takeOn }, patroni };
  return { world, faults: faultsOf(random.fork("faults"), patroni, nodes) };
}

function faultsOf(random: Random, patroni: PatroniSettings, nodes: number): readonly ScheduledFault[] {
  const faults: ScheduledFault[] = [];
  const count = random.whole(1, 6);
  let atMs = FIRST_FAULT_MS + random.between(0, patroni.loopWaitMs);
  for (let index = 0; index < count; index += 1) {
    const forMs = durationMs(random, patroni);
    const common = { atMs, forMs };
    faults.push(
      random.chance(0.75)
        ? { ...common, scope: "node", target: targetOf(random, nodes), fault: nodeFault(random) }
        : { ...common, scope: "world", fault: worldFault(random, nodes) },
    );
    atMs = nextStartMs(random, atMs, forMs);
  }
  return faults;
}

/** Spans matter near the spans that the lease arithmetic is about. */
function durationMs(random: Random, { ttlMs, loopWaitMs }: PatroniSettings): number {
  switch (random.whole(0, 5)) {
    case 0:
      return random.between(1, 300);
    case 1:
    case 2:
      return random.between(300, 3_000);
    case 3:
      return random.between(3_000, ttlMs - loopWaitMs);
    case 4:
      return random.between(ttlMs - loopWaitMs - 2_000, ttlMs + 1_000);
    default:
      return ttlMs + random.between(0, 4_000);
  }
}

/** The next fault begins while this one lasts, right after it ends, or when its consequences have come. */
function nextStartMs(random: Random, atMs: number, forMs: number): number {
  switch (random.whole(0, 4)) {
    case 0:
      return atMs + random.between(0, 50);
    case 1:
      return atMs + random.between(0, forMs);
    case 2:
      return atMs + forMs + random.between(-20, 50);
    case 3:
      return atMs + forMs + random.between(0, 3_000);
    default:
      return atMs + random.between(0, 2_000);
  }
}

function targetOf(random: Random, nodes: number): Target {
  const name = random.pick(["leader", "leader", "holder", "other", "number"] as const);
  return name === "number" ? random.whole(0, nodes - 1) : name;
}

function nodeFault(random: Random): NodeFault {
  const kinds: readonly (() => NodeFault)[] = [
    () => ({ kind: "patroniStop" }),
    () => ({ kind: "patroniKill" }),
    () => ({ kind: "patroniKill" }),
    () => ({ kind: "patroniFreeze" }),
    () => ({ kind: "patroniFreeze" }),
    () => ({ kind: "switchover" }),
    () => ({ kind: "switchover" }),
    () => ({ kind: "restSlow", delayMs: random.pick([20, 150, 400]) }),
    () => ({ kind: "restHangs" }),
    () => ({ kind: "restGarbage" }),
    () => ({ kind: "restLies" }),
    () => ({ kind: "postgresCrash" }),
    () => ({ kind: "addressKept" }),
    () => ({ kind: "agentKill" }),
    () => ({ kind: "agentFreeze" }),
    () => ({ kind: "agentStall" }),
    () => ({ kind: "agentStop", policy: random.pick(["release", "keep"]) }),
    () => ({ kind: "agentStop", policy: random.pick(["release", "keep"]) }),
    () => ({ kind: "agentNotify" }),
    () => ({ kind: "machineCrash" }),
    () => ({ kind: "machineSuspend" }),
    () => ({ kind: "linkDown" }),
    () => ({ kind: "wallStep", byMs: random.pick([-40_000, -7_000, -3_000, 3_000, 7_000, 40_000]) }),
    () => ({ kind: "addressDeleted", everyMs: random.pick([20, 300, 1e9]) }),
    () => ({ kind: "addressAdded" }),
    () => ({ kind: "addressRefused" }),
    () => ({ kind: "cut", planes: planesOf(random), direction: random.pick(["both", "both", "in", "out"]) }),
    () => ({ kind: "cut", planes, direction: "both" }),
  ];
  return random.pick(kinds)();
}

function planesOf(random: Random): readonly Plane[] {
  return random.pick([
    ["agents"],
    ["clients"],
    ["dcs"],
    ["rest"],
    ["agents", "clients"],
    ["agents", "rest"],
    ["dcs", "rest"],
  ]);
}

function worldFault(random: Random, nodes: number): WorldFault {
  const kinds: readonly (() => WorldFault)[] = [
    () => ({ kind: "dcsDown" }),
    () => ({ kind: "dcsDown" }),
    () => ({ kind: "dcsSlow", delayMs: random.pick([30, 200]) }),
    () => ({ kind: "pause" }),
    () => ({
      kind: "lanTrouble",
      dropChance: random.pick([0, 0.05, 0.3]),
      duplicateChance: random.pick([0, 0.2]),
      delayMs: random.pick([0, 5, 100]),
    }),
    () => ({ kind: "neighboursForget" }),
    () => ({
      kind: "forgedAdverts",
      source: random.pick(["10.0.0.66", `10.0.0.${String(random.whole(1, nodes))}`]),
      priority: random.pick([0, 1, 100, 254, 255]),
      everyMs: random.pick([20, 100, 1e9]),
      vip: random.pick(["ours", "ours", "ours", "foreign"]),
    }),
    () => ({ kind: "forgedAnnouncements", everyMs: random.pick([20, 500, 1e9]) }),
  ];
  return random.pick(kinds)();
}
