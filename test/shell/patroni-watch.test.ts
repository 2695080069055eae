/** What Patroni is asked rarely: until it is known, and then at long intervals, if at all. */
import assert from "node:assert/strict";
import { it } from "node:test";
import type { Unavailable } from "../../src/ports/patroni.js";
import { PatroniWatch } from "../../src/shell/patroni-watch.js";
import { ManualClock } from "./fake-network.js";

const unavailable: Unavailable = { kind: "unavailable", detail: "refused" };

it("asks every second until it knows, then every half minute, and not at all while it may not", async () => {
  const clock = new ManualClock();
  const learned: number[] = [];
  let [asked, answers, may] = [0, false, true];
  const watch = new PatroniWatch(
    {
      ask: () => {
        asked += 1;
        return Promise.resolve(answers ? { value: asked } : unavailable);
      },
      mayRefresh: () => may,
      learned: ({ value }) => learned.push(value),
    },
    clock,
  );
  watch.start();
  await clock.pass(3_500);
  assert.deepEqual({ asked, learned }, { asked: 4, learned: [] });
  answers = true;
  await clock.pass(1_000);
  assert.deepEqual(learned, [5]);
  await clock.pass(29_000);
  assert.equal(asked, 5);
  may = false;
  await clock.pass(60_000);
  assert.equal(asked, 5);
  may = true;
  await clock.pass(30_000);
  assert.deepEqual(learned, [5, 6]);
  watch.stop();
  await clock.pass(120_000);
  assert.equal(asked, 6);
});
