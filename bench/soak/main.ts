/** `npm run soak [-- FAIL-OVERS]`: whether the agents keep what they should give back. Exit code 1 when something grows. */
import { PgvipAgents } from "../../lab/agents.js";
import { table } from "../../lab/measure.js";
import { missingForLab } from "../../lab/preflight.js";
import { vipCidr } from "../../lab/topology.js";
import { growthOf } from "./growth.js";
import { soak } from "./soak.js";

const DEFAULT_FAIL_OVERS = 1_000;
const SAMPLE_EVERY = 10;
const LEAST = 200;

const [wanted = String(DEFAULT_FAIL_OVERS)] = process.argv.slice(2);
const failOvers = Number(wanted);
const missing = missingForLab("stand-in");
if (!Number.isInteger(failOvers) || failOvers < LEAST) {
  console.error(`usage: npm run soak [-- FAIL-OVERS]: wanted a whole number from ${String(LEAST)} on, found ${wanted}`);
  process.exitCode = 2;
} else if (missing.length > 0) {
  console.error(missing.join("\n"));
  process.exitCode = 2;
} else {
  const agents = new PgvipAgents({ vips: [vipCidr] });
  const progress = (done: number): void => {
    if (done % 100 === 0) console.log(`${String(done)} of ${String(failOvers)} fail-overs`);
  };
  const results = await soak({ agents, failOvers, sampleEvery: SAMPLE_EVERY, progress });
  const growths = results.flatMap(({ node, samples }) => growthOf(samples).map((growth) => ({ node, ...growth })));
  const rows = growths.map(({ node, resource, first, last, tolerated, flat }) => {
    const numbers = [first, last, tolerated].map((value) => value.toFixed(0));
    return [node, resource, ...numbers, flat ? "flat" : "grows"];
  });
  console.log(table(["node", "resource", "at first", "at last", "tolerated", ""], rows));
  process.exitCode = growths.every(({ flat }) => flat) ? 0 : 1;
}
