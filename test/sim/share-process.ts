/** One of the processes of `npm run sim`: plays the share that its arguments name, and tells its parent of it. */
import process from "node:process";
import { playShare } from "./share.js";

const TELL_MS = 1_000;

const [first = 0, seeds = 0] = process.argv.slice(2).map(Number);
playShare({ first, seeds }, TELL_MS, (tally) => process.send?.(tally));
