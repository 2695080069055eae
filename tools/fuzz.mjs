/**
 * `npm run fuzz [-- --seconds N] [-- --cases N] [-- --seed WORD]`: libFuzzer on the C++ that reads packets, netlink
 * messages (native/parse.cc) and answers of Patroni (native/answer_gist.cc), for N seconds, then hostile bytes for the readers in TypeScript, a million cases by default.
 * What libFuzzer learns stays in build/fuzz/corpus; an input that breaks something is named, and stays too.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { ToolFailed, root, run, runAsTool, say } from "./run-command.mjs";
import { setUp } from "./setup.mjs";

const directory = join(root, "build/fuzz");
const sources = ["test/fuzz/fuzz_parse.cc", "native/parse.cc", "native/address.cc", "native/answer_gist.cc"];

function options() {
  try {
    const { values } = parseArgs({
      options: {
        seconds: { type: "string", default: "60" },
        cases: { type: "string", default: "1000000" },
        seed: { type: "string", default: "pgvip" },
      },
    });
    return { seconds: whole("--seconds", values.seconds), cases: whole("--cases", values.cases), seed: values.seed };
  } catch (error) {
    if (error instanceof ToolFailed || !(error instanceof Error)) throw error;
    throw new ToolFailed(error.message, 2);
  }
}

/**
 * @param {string} name
 * @param {string} text
 */
function whole(name, text) {
  if (/^[1-9][0-9]{0,8}$/.test(text)) return Number(text);
  throw new ToolFailed(`${name} is "${text}"; it has to be a whole number above 0`, 2);
}

function buildFuzzer() {
  const program = join(directory, "fuzz_parse");
  say("building the fuzzer");
  const flags = ["-std=c++17", "-g", "-O1", "-fsanitize=fuzzer,address,undefined", "-fno-sanitize-recover=all"];
  run("clang++", [...flags, "-o", program, ...sources]);
  return program;
}

/**
 * @param {string} command
 * @param {readonly string[]} args
 */
function succeeds(command, args) {
  return spawnSync(command, args, { cwd: root, stdio: "inherit" }).status === 0;
}

await runAsTool(() => {
  const { seconds, cases, seed } = options();
  setUp("fuzz");
  const [corpus, seeds] = [join(directory, "corpus"), join(directory, "seeds")];
  mkdirSync(corpus, { recursive: true });
  const program = ["--import", "tsx", "test/fuzz/cli.ts"];
  run(process.execPath, [...program, "seeds", seeds]);
  const fuzzer = buildFuzzer();
  say(`native/parse.cc and native/answer_gist.cc for ${seconds} s`);
  const limits = [`-max_total_time=${seconds}`, "-max_len=8192", "-timeout=5", "-print_final_stats=1", "-verbosity=0"];
  const native = succeeds(fuzzer, [...limits, `-artifact_prefix=${directory}/found-`, corpus, seeds]);
  say(`\nsrc/wire, ${cases} cases of seed ${seed}`);
  const wire = succeeds(process.execPath, [...program, "codecs", String(cases), seed]);
  say(native && wire ? "\nnothing found" : "\nFOUND something: see above");
  return native && wire ? 0 : 1;
});
