/**
 * An election by signed adverts, from seeds: clocks step, nodes fail and come back, and an attacker is on the segment. Who has
 * no key changes nothing: the same seed without the attacker takes every step of every node at the same instant.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Signatures } from "../../src/wire/advert-trailer.js";
import { TRAILER_LENGTH, unsignedTrailer } from "../../src/wire/advert-trailer.js";
import { centis, priority, vrid } from "../../src/wire/units.js";
import { VRRP_GROUP, emitAdvert } from "../../src/wire/vrrp.js";
import { Random } from "../sim/random.js";
import { VIP } from "./bench.js";
import { ROUTER_ID, type SentAdvert, SignedSegment } from "./signed-segment.js";

/** In continuous integration as many as take ten seconds. */
const SEEDS = process.env["CI"] === "true" ? 8 : 4;
const WINDOW_S = 5;
const PRIORITIES = [100, 150, 200];
const LASTS_MS = 20_000;
/** Two holders, until the better one's first advert has come. */
const EXCHANGE_MS = 5;

const signatures: Signatures = {
  keys: [{ id: 1, bytes: new TextEncoder().encode("the key of all nodes, thirty-two and more") }],
  mode: "enforce",
  windowSeconds: WINDOW_S,
};

interface Misfortune {
  /** Wall clocks are set, to at most this far from the right time. */
  readonly stepMs: number;
  /** Nodes lose their power and come back. */
  readonly crashes: boolean;
}

/** What an attacker sends, from what was heard so far; `null` = nothing this time. */
type Attack = (random: Random, segment: SignedSegment) => SentAdvert | null;

async function run(seed: string, misfortune: Misfortune, attack: Attack | null): Promise<SignedSegment> {
  const segment = new SignedSegment(PRIORITIES, signatures);
  const { clock, nodes } = segment;
  const startMs = clock.nowMs();
  for (const node of nodes) node.start();
  const events = new Random(`${seed}/events`);
  for (let atMs = 2_000; atMs < LASTS_MS; atMs += events.between(200, 2_000)) {
    const node = events.pick(nodes);
    const forMs = events.between(500, 3_000);
    const aheadMs = events.between(-misfortune.stepMs, misfortune.stepMs);
    const happens = events.pick(["step", "step", "ineligible", misfortune.crashes ? "crash" : "step"] as const);
    clock.at(startMs + atMs, () => {
      if (happens === "step") node.wallAheadMs = aheadMs;
      if (happens === "ineligible") node.isEligible = false;
      if (happens === "crash") node.crash();
    });
    clock.at(startMs + atMs + forMs, () => {
      if (happens === "ineligible") node.isEligible = true;
      if (happens === "crash") node.start();
    });
  }
  if (attack !== null) {
    const random = new Random(`${seed}/attack`);
    // One timer at a time: the clock looks through all of them for the next.
    const strike = (atMs: number): void => {
      if (atMs >= LASTS_MS) return;
      clock.at(startMs + atMs, () => {
        const advert = attack(random, segment);
        if (advert !== null) segment.send(advert, null);
        strike(atMs + random.between(1, 60));
      });
    };
    strike(500);
  }
  await clock.pass(LASTS_MS + 5_000);
  return segment;
}

/** An advert that no node has sent: without a signature, or with one that was made up. */
const forge: Attack = (random) => {
  const source = `10.0.0.${String(random.whole(1, PRIORITIES.length + 1))}`;
  const ends = { source, destination: VRRP_GROUP.ipv4 };
  const advert = {
    kind: "v3",
    family: "ipv4",
    vrid: vrid(ROUTER_ID),
    priority: priority(random.whole(0, 255)),
  } as const;
  const trailer = unsignedTrailer(random.whole(0, 3));
  for (let index = 4; index < TRAILER_LENGTH; index += 1) trailer[index] = random.whole(0, 255);
  const pdu = emitAdvert({ ...advert, interval: centis(random.whole(1, 4095)), addresses: [VIP] }, ends, {
    checksum: "pseudoHeader",
    ...(random.chance(0.5) ? { trailer } : {}),
  });
  return { ...ends, pdu };
};

/** An advert that a node has sent, with another priority; the checksum is right. */
const falsify: Attack = (random, { recording }) => {
  if (recording.length === 0) return null;
  const { source, destination, pdu } = random.pick(recording.slice(-5));
  const others = [0, 1, 255].filter((level) => level !== pdu[2]);
  const advert = {
    kind: "v3",
    family: "ipv4",
    vrid: vrid(ROUTER_ID),
    priority: priority(random.pick(others)),
  } as const;
  const trailer = pdu.slice(-TRAILER_LENGTH);
  // Signed for something else, and perhaps to be a later one.
  if (random.chance(0.5)) trailer[9] = ((trailer[9] ?? 0) + 1) % 256;
  const ends = { source, destination };
  return {
    ...ends,
    pdu: emitAdvert({ ...advert, interval: centis(10), addresses: [VIP] }, ends, { checksum: "pseudoHeader", trailer }),
  };
};

/** An advert that everybody has heard already, once more; any of them, or one of the last. */
const replay: Attack = (random, { recording }) => {
  if (recording.length < 50) return null;
  const heard = recording.slice(0, -5);
  return random.pick(random.chance(0.5) ? heard : heard.slice(-10));
};

async function changesNothing(seed: string, misfortune: Misfortune, attack: Attack): Promise<SignedSegment> {
  const alone = await run(seed, misfortune, null);
  const attacked = await run(seed, misfortune, attack);
  assert.ok(alone.trace.length > PRIORITIES.length, "something happens");
  assert.deepEqual(attacked.trace, alone.trace, `seed ${seed}`);
  return attacked;
}

describe("an election by signed adverts", () => {
  for (const [what, attack, misfortune, reasons] of [
    ["forged ones", forge, { stepMs: 3_600_000, crashes: true }, ["unsigned", "signature", "unknownKey"]],
    ["falsified ones", falsify, { stepMs: 3_600_000, crashes: true }, ["signature"]],
    ["recorded ones", replay, { stepMs: 2_000, crashes: false }, ["replayed", "stale"]],
  ] as const) {
    it(`is not changed by ${what}`, async () => {
      const met = new Set<string>();
      for (let seed = 1; seed <= SEEDS; seed += 1) {
        const segment = await changesNothing(`${what} ${String(seed)}`, misfortune, attack);
        for (const node of segment.nodes) for (const reason of Object.keys(node.drops)) met.add(reason);
      }
      for (const reason of reasons) assert.ok(met.has(reason), `${reason}: ${[...met].join(", ")}`);
    });
  }

  it("has one holder, the best one, as long as clocks are no farther apart than the window", async () => {
    for (let seed = 1; seed <= SEEDS; seed += 1) {
      // Two clocks that are wrong by this much each way are as far apart as the window is wide.
      const misfortune = { stepMs: (WINDOW_S * 1000) / 2 - 1, crashes: false };
      const segment = await run(`clocks ${String(seed)}`, misfortune, null);
      assert.deepEqual(segment.holders, ["10.0.0.3"], `seed ${String(seed)}`);
      const { togetherMs } = segment;
      assert.ok(togetherMs <= EXCHANGE_MS, `seed ${String(seed)}: two holders for ${String(togetherMs)} ms`);
      for (const { drops } of segment.nodes) assert.deepEqual(drops, {}, `seed ${String(seed)}`);
    }
  });
});
