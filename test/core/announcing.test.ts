/** How many frames a group sends to tell that it has its VIPs, whatever makes it announce. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "node:test";
import { framesFor, nextAnnouncementMs, onceMore, paceOf, silentAnnouncing } from "../../src/core/announcing.js";
import { Scenario } from "./transcript.js";

const FRAMES_A_SECOND = 10;

const addresses = (count: number): readonly string[] =>
  Array.from({ length: count }, (_, index) => `10.0.0.${String(100 + index)}`);

/** What makes a holder announce: forged claims and resignations, an interface that changes, addresses that go. */
const nuisance = fc.constantFrom(
  "advert 10.0.0.66 255",
  "advert 10.0.0.66 0",
  "announced 02:00:00:00:00:66",
  "address gone",
  "patroni 200 primary crashed",
  "patroni 200 primary running",
);
const wait = fc.integer({ min: 1, max: 400 }).map((ms) => `wait ${String(ms)}ms`);
const inputs = fc.array(fc.oneof(nuisance, wait), { minLength: 10, maxLength: 60 });

interface Announced {
  readonly atMs: number;
  readonly withTakeOver: boolean;
}

function announcementsOf(vips: readonly string[], lines: readonly string[]): readonly Announced[] {
  const scenario = new Scenario();
  const start = [`vips ${vips.join(",")}`, "patroni 200 primary running", "interface ready", "wait 3s"];
  return [...start, ...lines, "wait 5s"]
    .flatMap((line) => scenario.play(line))
    .flatMap((line) => {
      const [, at, what] = /^ +([\d.]+) (announce$|takeOver priority)/.exec(line) ?? [];
      return at === undefined ? [] : [{ atMs: Number(at), withTakeOver: what !== "announce" }];
    });
}

describe("the frames of a group's announcements", () => {
  it("are below the budget in any second, those of take-overs aside", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5 }), inputs, (count, lines) => {
        const vips = addresses(count);
        const repeats = announcementsOf(vips, lines).filter(({ withTakeOver }) => !withTakeOver);
        for (const { atMs } of repeats) {
          const within = repeats.filter((other) => other.atMs >= atMs && other.atMs < atMs + 999.8);
          assert.ok(within.length * framesFor(vips) <= FRAMES_A_SECOND, `${String(within.length)} at ${String(atMs)}`);
        }
      }),
      { numRuns: 100 },
    );
  });

  it("are at the budget on average where one announcement has more", () => {
    fc.assert(
      fc.property(fc.integer({ min: 6, max: 40 }), inputs, (count, lines) => {
        const vips = addresses(count);
        const announced = announcementsOf(vips, lines);
        for (const [index, { atMs, withTakeOver }] of announced.entries()) {
          const before = announced[index - 1];
          if (before === undefined || withTakeOver) continue;
          assert.ok(atMs - before.atMs >= (framesFor(vips) / FRAMES_A_SECOND) * 1_000 - 0.2, String(atMs));
        }
      }),
      { numRuns: 30 },
    );
  });

  it("of a first take-over never wait, and one VIP's repeats come as they always did", () => {
    for (const count of [1, 5, 40]) {
      const [first] = announcementsOf(addresses(count), []);
      assert.deepEqual(first, { atMs: 52, withTakeOver: true }, String(count));
    }
    const single = announcementsOf(addresses(1), []).map(({ atMs }) => atMs - 52);
    assert.deepEqual(single, [0, 50, 250, 1_100, 2_200]);
  });

  it("count one for an IPv6 address and two for an IPv4 address", () => {
    assert.equal(framesFor(["10.0.0.100", "fd00::1", "fd00::2"]), 4);
    assert.deepEqual(paceOf(["fd00::1"]), { announcements: 4, windowMs: 1_000 });
    assert.deepEqual(paceOf(addresses(2)), { announcements: 2, windowMs: 1_000 });
    assert.deepEqual(paceOf(addresses(10)), { announcements: 1, windowMs: 2_000 });
  });

  it("wait for nothing when nothing was made yet", () => {
    assert.equal(nextAnnouncementMs(onceMore(silentAnnouncing, 7), addresses(40)), 7);
  });
});
