/** A process of its own for patroni-http.test.ts: asks Patroni without a file descriptor left, then with some. */
import { closeSync, openSync } from "node:fs";
import { openPatroni } from "../../src/shell/patroni-http.js";
import { systemClock } from "../../src/shell/system-clock.js";
import { patroniConfig } from "./servers.js";

const patroni = openPatroni(patroniConfig(Number(process.argv[2])), systemClock);
const taken: number[] = [];
try {
  for (;;) taken.push(openSync("/dev/null", "r"));
} catch {
  // EMFILE: that was the last one.
}
const without = await patroni.health("/primary", 10_000);
for (const descriptor of taken) closeSync(descriptor);
const after = await patroni.health("/primary", 10_000);
process.stdout.write(JSON.stringify([without.observation, after.observation]));
