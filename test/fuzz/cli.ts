/** `node --import tsx test/fuzz/cli.ts seeds DIRECTORY | codecs CASES SEED`: the parts of `npm run fuzz` in TypeScript. */
import { fuzzCodecs } from "./codecs.js";
import { writeSeeds } from "./seeds.js";

const [what, first = "", second = ""] = process.argv.slice(2);
switch (what) {
  case "seeds":
    writeSeeds(first);
    break;
  case "codecs":
    for (const [outcome, count] of [...fuzzCodecs(Number(first), second)].sort()) {
      process.stdout.write(`${String(count).padStart(9)}  ${outcome}\n`);
    }
    break;
  default:
    process.stderr.write("usage: seeds DIRECTORY | codecs CASES SEED\n");
    process.exitCode = 2;
}
