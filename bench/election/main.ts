/** `npm run bench:election [-- N]`: elections after N losses of the holder of each kind (20 by default), as a table. */
import { table } from "../../lab/measure.js";
import { roundCount } from "../round-count.js";
import { percentile } from "../statistics.js";
import { cablePulled, electionRounds, frozen, notEligible, type Round } from "./rounds.js";

const count = roundCount("npm run bench:election", 20);
const found = await electionRounds([cablePulled, frozen, notEligible], count, (text) => {
  console.error(text);
});
console.log(`From the loss of the holder to the VIP on another node, ms, n = ${String(count)} each`);
console.log(
  table(
    ["the holder is", "median", "p95", "longest", "both had it: median", "longest"],
    [...found].map(([{ name }, rounds]) => row(name, rounds)),
  ),
);

function row(name: string, rounds: readonly Round[]): string[] {
  const at = (values: readonly number[], share: number): string => percentile(values, share).toFixed(1);
  const empty = rounds.map(({ emptyMs }) => emptyMs);
  const overlap = rounds.map(({ overlapMs }) => overlapMs);
  return [name, ...[0.5, 0.95, 1].map((share) => at(empty, share)), at(overlap, 0.5), at(overlap, 1)];
}
