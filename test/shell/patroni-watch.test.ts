/** What Patroni is asked rarely: until it is known, and then at long intervals, if at all. */
import assert from "node:assert/strict";
import { it } from "node:test";
import type { Unavailable } from "../../src/ports/patroni.js";
import { PatroniWatch } from "../../src/shell/patroni-watch.js";
import { ManualClock } from "./fake-network.js";

const unavailable: Unavailable = { kind: "unavailable", detail: "refused" };

/** Counts what it is asked, and answers with the count while it `answers`. */
class Bench {
  readonly clock = new ManualClock();
  readonly learned: number[] = [];
  asked = 0;
  answers = true;
  readonly watch = new PatroniWatch(
    {
      ask: () => {
        this.asked += 1;
        return Promise.resolve(this.answers ? { value: this.asked } : unavailable);
      },
      learned: ({ value }) => this.learned.push(value),
    },
    this.clock,
  );
}

it("asks every second until it knows, then every half minute, and sooner again when nothing came", async () => {
  const bench = new Bench();
  const { clock, learned, watch } = bench;
  bench.answers = false;
  watch.start();
  await clock.pass(3_500);
  assert.deepEqual([bench.asked, learned], [4, []]);
  bench.answers = true;
  await clock.pass(1_000);
  assert.deepEqual(learned, [5]);
  await clock.pass(29_000);
  assert.equal(bench.asked, 5);
  bench.answers = false;
  await clock.pass(10_000);
  assert.equal(bench.asked, 7);
  bench.answers = true;
  await clock.pass(7_000);
  assert.deepEqual(learned, [5, 8]);
  watch.stop();
  await clock.pass(120_000);
  assert.equal(bench.asked, 8);
});

it("asks at once when told that there is news, and no sooner than 5 s after the last question", async () => {
  const bench = new Bench();
  const { clock, watch } = bench;
  watch.start();
  // Under way already.
  watch.hasten();
  await clock.pass(10_000);
  watch.hasten();
  await clock.pass(1);
  assert.equal(bench.asked, 2);
  watch.hasten();
  watch.hasten();
  await clock.pass(4_900);
  assert.equal(bench.asked, 2);
  await clock.pass(200);
  assert.equal(bench.asked, 3);
  await clock.pass(29_000);
  assert.equal(bench.asked, 3);
  watch.stop();
  watch.hasten();
  await clock.pass(60_000);
  assert.equal(bench.asked, 3);
});
