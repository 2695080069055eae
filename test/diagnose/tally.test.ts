/** The sums of a probe: what counts as a blackout, and how long it was. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Attempt, Tally } from "../../src/diagnose/tally.js";

const answer = (sentMs: number, tookMs = 1): Attempt => ({
  sentMs,
  endedMs: sentMs + tookMs,
  outcome: "answered",
  detail: "",
});
const failure = (sentMs: number, outcome: Attempt["outcome"], detail: string): Attempt => ({
  sentMs,
  endedMs: sentMs + 1,
  outcome,
  detail,
});

describe("a tally", () => {
  it("of steady answers has no blackout", () => {
    const tally = new Tally(50, 0);
    for (let atMs = 0; atMs < 1000; atMs += 10) assert.equal(tally.note(answer(atMs)), null);
    const { blackouts, longestSilenceMs, sent, answerMs } = tally.summary(1000);
    assert.deepEqual(blackouts, []);
    assert.deepEqual([longestSilenceMs, sent], [10, 100]);
    assert.deepEqual(answerMs, { median: 1, p99: 1, max: 1 });
  });

  it("tells a blackout when the first answer after it comes, from answer to answer", () => {
    const tally = new Tally(50, 0);
    tally.note(answer(0));
    tally.note(failure(10, "refused", "ECONNREFUSED"));
    tally.note(failure(20, "refused", "ECONNREFUSED"));
    tally.note(failure(30, "failed", "timeout"));
    const blackout = { fromMs: 1, durationMs: 400, met: ["ECONNREFUSED", "timeout"] };
    assert.deepEqual(tally.note(answer(400)), blackout);
    const summary = tally.summary(410);
    assert.deepEqual(summary.blackouts, [blackout]);
    assert.deepEqual([summary.answered, summary.refused, summary.failed, summary.longestSilenceMs], [2, 2, 1, 400]);
  });

  it("counts a silence that is not over when it ends, and one that never was anything else", () => {
    const tally = new Tally(50, 100);
    assert.deepEqual(tally.summary(149).blackouts, []);
    assert.deepEqual(tally.summary(600).blackouts, [{ fromMs: 100, durationMs: 500, met: [] }]);
    assert.equal(tally.summary(600).answerMs, null);
  });

  it("takes answers that overtake each other for what they are", () => {
    const tally = new Tally(50, 0);
    tally.note(answer(40, 5));
    tally.note(answer(0, 60));
    assert.equal(tally.note(answer(20, 45)), null);
    assert.equal(tally.summary(60).longestSilenceMs, 45);
  });

  it("does not name after a blackout what was met before the last answer", () => {
    const tally = new Tally(50, 0);
    tally.note(failure(0, "readOnly", "read-only"));
    tally.note(answer(10));
    assert.deepEqual(tally.note(answer(300))?.met, []);
  });
});
