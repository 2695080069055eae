/** A bounded run of the fuzzer; `npm run fuzz` tries a million cases. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { fuzzCodecs } from "./codecs.js";

test("hostile bytes never make a reader throw, and what is accepted survives a round trip", () => {
  const outcomes = fuzzCodecs(30_000, "npm test");
  // A fuzzer that only ever breaks the outer shell finds nothing: each reader must accept, and drop late.
  for (const wanted of [
    "advert: accepted",
    "advert: truncated",
    "advert: checksum",
    "advert: vrid",
    "advert: interval",
    "arp: accepted",
    "neighbor: accepted",
    "neighbor: option",
    "neighbor: solicitedMulticast",
    "ip: accepted",
  ]) {
    assert.ok((outcomes.get(wanted) ?? 0) > 0, `no case of "${wanted}"`);
  }
});

test("a seed repeats a run", () => {
  assert.deepEqual(fuzzCodecs(500, "again"), fuzzCodecs(500, "again"));
});
