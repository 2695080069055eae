/** Whatever happens in whatever order, the invariants hold after every step (they are checked inside Scenario). */
import fc from "fast-check";
import { describe, it } from "node:test";
import { Scenario } from "./transcript.js";

const patroni = fc.constantFrom(
  "patroni 200 primary running",
  "patroni 200 primary running failsafe",
  "patroni 200 primary running paused",
  "patroni 200 replica running",
  "patroni 200 primary stopping",
  "patroni 200 primary crashed",
  "patroni 200 primary starting",
  "patroni 503 replica running",
  "patroni 503 replica stopped",
  "patroni 503 primary running",
  "patroni silent refused accepts",
  "patroni silent refused refuses",
  "patroni silent timeout unknown",
);
const source = fc.constantFrom("10.0.0.2", "10.0.0.3", "10.0.0.66");
const advert = fc
  .tuple(source, fc.constantFrom(0, 1, 100, 254, 255), fc.constantFrom("", " 10.0.0.77"))
  .map(([from, priority, vip]) => `advert ${from} ${String(priority)}${vip}`);
const rare = fc.constantFrom(
  "interface lost",
  "interface ready",
  "interface ready present",
  "address gone",
  "address appeared",
  "announced 02:00:00:00:00:66",
  "lease-ended",
  "suspended 3s",
  "notify",
  "pause",
  "pause 2s",
  "release 2s",
  "release",
  "resume",
  "refuse EPERM",
  "accept",
  "dcs 30s 10s",
  "dcs-age 1s",
  "dcs-age 25s",
  "priority 200",
  "priority 254",
  "take-on lock",
  "take-on writable",
  "take-on auto",
);
const wait = fc.integer({ min: 1, max: 4_000 }).map((ms) => `wait ${String(ms)}ms`);
const input = fc.oneof({ weight: 3, arbitrary: patroni }, { weight: 3, arbitrary: advert }, rare, {
  weight: 5,
  arbitrary: wait,
});

describe("a group", () => {
  it("keeps its invariants through any sequence of events", () => {
    fc.assert(
      fc.property(fc.array(input, { maxLength: 40 }), (inputs) => {
        const scenario = new Scenario();
        scenario.play("interface ready");
        for (const line of inputs) scenario.play(line);
      }),
      { numRuns: 500 },
    );
  });
});
