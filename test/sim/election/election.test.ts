/** Elections under faults: the rules hold, and are seen to be broken when a mistake is planted. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { step } from "../../../src/core/group.js";
import { vrrp2 } from "../../core/transcript.js";
import { electionBugs } from "./bugs.js";
import { holdersOf, play, scenes } from "./play.js";
import { ANSWER_AFTER_MS, Node, Segment } from "./segment.js";

const SCENES = 300;
/** The same scenes each time: what is found is found again. */
const SEED = 9568;

describe("an election", () => {
  it("has one holder, an eligible one, the best one where better ones preempt, and comes to rest", () => {
    const property = fc.property(scenes, (scene) => {
      assert.equal(play(scene), null);
    });
    // Making a scene smaller may take as long as it likes, and so is left to `npm run sim`.
    fc.assert(property, { numRuns: SCENES, endOnFailure: true });
  });

  it("gives the VIP to the next within a skew time when the holder says that it goes", () => {
    const segment = new Segment([0.1]);
    for (const last of [1, 2, 3]) {
      const address = `10.0.0.${String(last)}`;
      const election = { preempt: true, preemptDelayMs: 0 };
      const node = new Node(segment, { address, priority: 254, election, step });
      node.become(true);
      segment.nodes.push(node);
    }
    segment.run(2_000);
    const first = segment.nodes.find(({ state }) => state.phase.kind === "holder");
    assert.equal(first?.address, "10.0.0.3");
    first.become(false);
    segment.run(2_100 + ANSWER_AFTER_MS + 2);
    assert.deepEqual(holdersOf(segment), ["10.0.0.2"]);
  });

  it("by VRRPv2 gives it to the next within a share of a second, however rare adverts are", () => {
    const segment = new Segment([0.1]);
    for (const [index, priority] of [254, 150, 100].entries()) {
      const address = `10.0.0.${String(index + 1)}`;
      const election = { preempt: true, preemptDelayMs: 0 };
      const node = new Node(segment, { address, priority, election, timing: vrrp2(5_000), step });
      node.become(true);
      segment.nodes.push(node);
    }
    segment.run(40_000);
    assert.deepEqual(holdersOf(segment), ["10.0.0.1"]);
    segment.nodes[0]?.become(false);
    // A question at rest, its answer, and (256 - 150) / 256 s.
    segment.run(40_000 + 100 + ANSWER_AFTER_MS + 415 + 2);
    assert.deepEqual(holdersOf(segment), ["10.0.0.2"]);
  });

  for (const bug of electionBugs) {
    it(`shows that ${bug.name}`, () => {
      const mistaken = bug.plant(step);
      const property = fc.property(scenes, (scene) => play(scene, mistaken) === null);
      const { failed } = fc.check(property, { numRuns: SCENES, seed: SEED, endOnFailure: true });
      assert.ok(failed, `not found in ${String(SCENES)} scenes`);
    });
  }
});
