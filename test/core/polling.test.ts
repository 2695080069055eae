/** How often Patroni is asked, by what is going on. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { initialState } from "../../src/core/group.js";
import { pollIntervalMs } from "../../src/core/polling.js";
import type { GroupState } from "../../src/core/types.js";
import { defaultSettings } from "./transcript.js";

const { timing } = defaultSettings;

/** A standby that heard the last of the holder at 0. */
function orphaned(dcs: GroupState["dcs"]): GroupState {
  const state = initialState();
  return {
    ...state,
    phase: { kind: "standby", lockSinceMs: null, recovery: "unseen" },
    dcs,
    polling: { ...state.polling, disturbedAtMs: 0 },
  };
}

describe("the poll interval of a standby whose holder fell silent", () => {
  const dcs = { ttlMs: 20_000, loopWaitMs: 2_000, retryTimeoutMs: 3_000, failsafeMode: false };

  it("is short at first, and back to normal after some seconds", () => {
    assert.equal(pollIntervalMs(orphaned(dcs), timing, 1_000), timing.turboMs);
    assert.equal(pollIntervalMs(orphaned(dcs), timing, 12_000), timing.pollMs);
  });

  it("is short again when the lock of the dead leader may end", () => {
    for (const nowMs of [16_000, 20_000, 24_000])
      assert.equal(pollIntervalMs(orphaned(dcs), timing, nowMs), timing.turboMs, `at ${String(nowMs)} ms`);
    for (const nowMs of [15_900, 24_100])
      assert.equal(pollIntervalMs(orphaned(dcs), timing, nowMs), timing.pollMs, `at ${String(nowMs)} ms`);
  });

  it("stays normal when the cluster's ttl is not known", () => {
    assert.equal(pollIntervalMs(orphaned(null), timing, 20_000), timing.pollMs);
  });
});
