/**
 * What the simulator has found in the core, each as the smallest schedule that showed it. Written out in full, so that a
 * change of the generator does not lose them.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { step } from "../../src/core/group.js";
import type { StepFunction } from "./agent.js";
import type { NodeFault, ScheduledFault } from "./faults.js";
import type { DcsTiming } from "./patroni.js";
import { run } from "./run.js";
import { type Plan, defaultSettings } from "./schedule.js";

const fastest: DcsTiming = { ttlMs: 20_000, loopWaitMs: 2_000, retryTimeoutMs: 8_000 };
/** The first leader, and another node. */
const LEADER = 0;
const OTHER = 1;

describe("once broken, now kept", () => {
  it("a VIP that is deleted again and again is put back without a flood of ARP", () => {
    keeps([at(5_000, 2_000, LEADER, { kind: "addressDeleted", everyMs: 20 })]);
  });

  it("an agent that stood still beyond its lease does not put back what was deleted meanwhile", () => {
    keeps([
      at(5_000, 1_000, LEADER, { kind: "switchover" }),
      at(5_400, 4_000, LEADER, { kind: "agentStall" }),
      at(5_500, 1_000, LEADER, { kind: "addressDeleted", everyMs: 10_000 }),
    ]);
  });

  it("a machine that slept longer than its right lets go at once, also when it hears no claim", () => {
    const faults = [
      at(5_000, 42_000, LEADER, { kind: "machineSuspend" }),
      at(46_950, 15_000, LEADER, { kind: "cut", planes: ["agents"], direction: "both" }),
    ] as const;
    keeps(faults, { ttlMs: 30_000, loopWaitMs: 10_000, retryTimeoutMs: 10_000 });
  });

  it("a VIP found when the link comes back is not kept on what Patroni said before", () => {
    keeps([
      at(5_000, 23_000, LEADER, { kind: "linkDown" }),
      at(6_000, 500, LEADER, { kind: "addressAdded" }),
      at(27_000, 5_000, LEADER, { kind: "restHangs" }),
    ]);
  });

  it("a VIP that somebody puts on a node whose agent waits after a fault is removed", () => {
    keeps([
      at(5_000, 3_500, LEADER, { kind: "addressRefused" }),
      at(8_550, 25_000, LEADER, { kind: "patroniFreeze" }),
      at(8_600, 25_000, LEADER, { kind: "addressAdded" }),
    ]);
  });

  it("a VIP that the kernel would not remove is removed when it would", () => {
    keeps([at(5_000, 3_500, OTHER, { kind: "addressKept" })]);
  });

  it("a node that takes, lets go and takes again counts all its announcements", () => {
    keeps([
      { atMs: 5_000, forMs: 3_000, scope: "world", fault: { kind: "forgedAnnouncements", everyMs: 20 } },
      at(6_000, 350, LEADER, { kind: "restHangs" }),
      at(6_600, 350, LEADER, { kind: "restHangs" }),
    ]);
  });

  it("a Patroni that slept through its lease while it renewed is not believed", () => {
    const renewing = Array.from({ length: 40 }, (_, index) => 6_000 + 50 * index);
    for (const atMs of renewing) {
      keeps(
        [
          { atMs: 5_000, forMs: 4_000, scope: "world", fault: { kind: "dcsSlow", delayMs: 200 } },
          at(atMs, 24_000, LEADER, { kind: "machineSuspend" }),
        ],
        fastest,
        ["a"],
      );
    }
  });

  it("a Patroni whose wall clock was set back is not believed for longer than its lock lives", () => {
    const faults = [
      at(5_800, 1_000, LEADER, { kind: "wallStep", byMs: -40_000 }),
      at(6_000, 16_700, LEADER, { kind: "machineSuspend" }),
      { atMs: 19_700, forMs: 20_000, scope: "world", fault: { kind: "dcsDown" } },
    ] as const;
    keeps(faults);
    const forgetful: StepFunction = (settings, state, ...rest) => step(settings, { ...state, dcsTold: null }, ...rest);
    assert.notEqual(run(planWith("a", faults, fastest), { step: forgetful }).failure, null, "the rule is needed");
  });

  it("an agent that stood still while it asked whether it may keep a VIP does not keep it on the old answer", () => {
    for (let atMs = 5_630; atMs < 5_650; atMs += 1) {
      keeps([
        at(4_655, 975, LEADER, { kind: "agentStop", policy: "keep" }),
        at(atMs, 22_000, LEADER, { kind: "agentFreeze" }),
      ]);
    }
  });

  it("Patroni frozen on a node that has nothing to do with it changes nothing", () => {
    keeps([at(5_000, 30_000, OTHER, { kind: "patroniFreeze" })]);
  });
});

function at(atMs: number, forMs: number, target: number, fault: NodeFault): ScheduledFault {
  return { atMs, forMs, scope: "node", target, fault };
}

/** The same for a few seeds: chance decides about latencies only. */
function keeps(
  faults: readonly ScheduledFault[],
  timing: DcsTiming = fastest,
  seeds: readonly string[] = ["a", "b", "c", "d", "e"],
): void {
  for (const seed of seeds) {
    assert.equal(run(planWith(seed, faults, timing)).failure?.message, undefined, `seed ${seed}`);
  }
}

function planWith(seed: string, faults: readonly ScheduledFault[], timing: DcsTiming): Plan {
  const patroni = { ...timing, failsafeMode: false, failsOverOnCrash: false };
  return { world: { seed, nodes: 3, neighbours: 2, settings: defaultSettings, patroni }, faults };
}
