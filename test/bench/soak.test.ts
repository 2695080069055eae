/** The soak's judgement: what grows with the fail-overs is told from what only jumps. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { judge } from "../../bench/soak/judge.js";
import { type Resource, type Sample, resourceNames } from "../../bench/soak/sample.js";

const level = Object.fromEntries(resourceNames.map((name) => [name, 10])) as Record<Resource, number>;

/** A sample each ten fail-overs up to a thousand. */
function series(kept: (failOvers: number) => Partial<Record<Resource, number>>): Sample[] {
  return Array.from({ length: 100 }, (_, index) => {
    const failOvers = (index + 1) * 10;
    return { node: "n1", failOvers, kept: { ...level, ...kept(failOvers) } };
  });
}

function growing(samples: readonly Sample[]): Resource[] {
  return judge(samples)
    .filter((verdict) => !verdict.level)
    .map(({ resource }) => resource);
}

describe("the soak's judgement", () => {
  it("finds nothing in what stays, jumps, or shrinks", () => {
    assert.deepEqual(growing(series(() => ({}))), []);
    assert.deepEqual(growing(series((done) => ({ fds: done % 70 === 0 ? 30 : 10 }))), []);
    assert.deepEqual(growing(series((done) => ({ rss: 60_000 - done }))), []);
  });

  it("lets buffers and caches fill at first", () => {
    assert.deepEqual(
      growing(series((done) => ({ heap: Math.min(done, 250) * 20, rss: Math.min(done, 250) * 50 }))),
      [],
    );
  });

  it("finds a file left behind once in a hundred fail-overs, and memory by the kilobyte", () => {
    assert.deepEqual(growing(series((done) => ({ fds: 10 + Math.floor(done / 100) }))), ["fds"]);
    assert.deepEqual(growing(series((done) => ({ threads: 10 + done }))), ["threads"]);
    assert.deepEqual(growing(series((done) => ({ heap: done }))), ["heap"]);
    assert.deepEqual(growing(series((done) => ({ rss: 60_000 + 10 * done }))), ["rss"]);
  });

  it("does not call level what was not measured", () => {
    assert.equal(growing(series(() => ({})).slice(0, 2)).length, resourceNames.length);
  });

  it("judges each agent by itself", () => {
    const leaking = series((done) => ({ fds: done })).map((sample) => ({ ...sample, node: "n2" }));
    const found = judge([...series(() => ({})), ...leaking]).filter((verdict) => !verdict.level);
    assert.deepEqual(
      found.map(({ node, resource }) => `${node} ${resource}`),
      ["n2 fds"],
    );
  });
});
