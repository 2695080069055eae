import assert from "node:assert/strict";
import { test } from "node:test";
import type { HealthAnswer, Patroni } from "../../src/ports/patroni.js";
import { SharedPolls } from "../../src/shell/shared-polls.js";
import { answer } from "./bench.js";
import { ManualClock } from "./fake-network.js";

/** A Patroni that notes what it is asked, and answers when it is told to. */
function bench() {
  const clock = new ManualClock();
  const asked: string[] = [];
  const waiting: ((answer: HealthAnswer) => void)[] = [];
  const patroni: Patroni = {
    health(path) {
      asked.push(path);
      return new Promise((resolve) => waiting.push(resolve));
    },
    news(path) {
      asked.push(`news of ${path}`);
      return new Promise((resolve) => waiting.push(resolve));
    },
    settings: () => Promise.resolve({ kind: "unavailable", detail: "not asked" }),
    members: () => Promise.resolve([]),
    close: () => asked.push("closed"),
  };
  const shared = new SharedPolls(patroni, clock);
  const settleAll = (): void => {
    const sentAtMs = clock.nowMs();
    for (const settle of waiting.splice(0)) settle(answered(sentAtMs));
  };
  return { clock, asked, shared, settleAll };
}

test("a question that is under way, or was answered a moment ago, answers all who want to know the same", async () => {
  const { clock, asked, shared, settleAll } = bench();
  const began = clock.nowMs();
  const first = shared.health("/primary", 300, began - 50);
  const second = shared.health("/primary", 300, began - 50);
  settleAll();
  assert.equal(await first, await second);
  await clock.pass(40);
  assert.equal(await shared.health("/primary", 300, began), await first);
  assert.deepEqual(asked, ["/primary"]);
});

test("nobody gets an older answer than wanted, one to another question, or one that comes too late", async () => {
  const { clock, asked, shared } = bench();
  const began = clock.nowMs();
  void shared.health("/primary", 300, began);
  void shared.health("/replica", 300, began);
  void shared.health("/primary", 100, began);
  assert.deepEqual(asked, ["/primary", "/replica", "/primary"]);
  await clock.pass(10);
  void shared.health("/primary", 300, began + 1);
  void shared.health("/primary", 300);
  assert.equal(asked.length, 5);
});

test("a patient question answers all who know the same and have as much patience", async () => {
  const { clock, asked, shared, settleAll } = bench();
  const known = answered(clock.nowMs() - 100);
  const patience = { firstAtMs: clock.nowMs(), everyMs: 100, untilMs: clock.nowMs() + 500, known };
  const first = shared.news("/primary", 300, patience);
  const second = shared.news("/primary", 300, { ...patience, untilMs: patience.untilMs + 1 });
  assert.deepEqual(asked, ["news of /primary"]);
  // These have less patience, know something else, or want to be told of changes sooner.
  void shared.news("/primary", 300, { ...patience, untilMs: patience.untilMs - 1 });
  void shared.news("/primary", 300, { ...patience, known: answered(known.sentAtMs) });
  void shared.news("/primary", 300, { ...patience, everyMs: 50 });
  assert.equal(asked.length, 4);
  settleAll();
  assert.equal(await first, await second);
});

test("what another group has been told already is news to those who know less", async () => {
  const { clock, asked, shared, settleAll } = bench();
  const known = answered(clock.nowMs());
  await clock.pass(100);
  const asking = shared.health("/primary", 300);
  settleAll();
  const told = await asking;
  const patience = { firstAtMs: clock.nowMs(), everyMs: 100, untilMs: clock.nowMs() + 500 };
  assert.equal(await shared.news("/primary", 300, { ...patience, known }), told);
  assert.deepEqual(asked, ["/primary"]);
  void shared.news("/primary", 300, { ...patience, known: told });
  assert.deepEqual(asked, ["/primary", "news of /primary"]);
});

test("the rest of Patroni is passed on", async () => {
  const { asked, shared } = bench();
  assert.deepEqual(await shared.settings(300), { kind: "unavailable", detail: "not asked" });
  assert.deepEqual(await shared.members(300), []);
  shared.close();
  assert.deepEqual(asked, ["closed"]);
});

function answered(sentAtMs: number): HealthAnswer {
  return { sentAtMs, answeredAtMs: sentAtMs, observation: answer(true), said: null };
}
