/** Each system of the benchmark that needs no PostgreSQL works in the lab: it takes the VIP, and follows a role there and back. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { runFlips } from "../../bench/flips.js";
import { allSystems } from "../../bench/systems.js";

describe("the systems of the benchmark", () => {
  for (const system of allSystems(null).filter(({ usesVip, arenas }) => usesVip && arenas.includes("flip"))) {
    it(`${system.name} follows the role`, async () => {
      assert.equal(await system.create().missing(), null);
      const flips = await runFlips({ systems: [system], flips: 2, progress: () => undefined });
      assert.equal(flips.length, 2);
      for (const { addedMs, answeredMs } of flips) {
        assert.ok(addedMs !== null && answeredMs !== null && addedMs > 0 && answeredMs > 0, JSON.stringify(flips));
      }
    });
  }
});
