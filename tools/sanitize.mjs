/**
 * `npm run test:sanitize -- address|thread [WORD...]`: builds the addon with a sanitizer in a directory of its own and
 * runs the tests with it. `address` is AddressSanitizer and UndefinedBehaviorSanitizer over the native tests and those of
 * agents, `thread` is ThreadSanitizer over the native ones. Words choose other tests, as in `npm test`.
 *
 * Node itself is not instrumented; a copy of it loads the sanitizer's library before all others, which then sees every
 * allocation, lock and system call of the process, and every access of the addon. Since tests start Node by its path
 * (process.execPath), all its processes are such copies, and no other program of the lab is.
 */
import { execFileSync, spawnSync } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { nodeGyp } from "./artifacts.mjs";
import { ToolFailed, root, run, runAsTool, say } from "./run-command.mjs";
import { setUp } from "./setup.mjs";

/**
 * @typedef {object} Sanitizer
 * @property {string} flags of -fsanitize
 * @property {string} library
 * @property {string} options its environment variable
 * @property {string} settings
 * @property {readonly string[]} tests
 * @property {readonly string[]} prefix of the command line
 */

const sanitizers = /** @satisfies {Record<string, Sanitizer>} */ ({
  address: {
    flags: "address,undefined",
    library: "libasan.so",
    options: "ASAN_OPTIONS",
    // What Node leaves unfreed at its end is no leak of ours, nor is it ours that the package raw-socket, which doctor and
    // ping load, gives a handle to be deleted as a smaller type.
    settings: "detect_leaks=0:new_delete_type_mismatch=0:abort_on_error=1",
    // Those of agents ask what they do, and not when: a slow one passes them too.
    tests: ["native", "agents"],
    prefix: [],
  },
  thread: {
    flags: "thread",
    library: "libtsan.so",
    options: "TSAN_OPTIONS",
    // Not how the threads of V8 wait for each other, which it cannot see.
    settings: "halt_on_error=1:abort_on_error=1:ignore_noninstrumented_modules=1",
    tests: ["native"],
    // Its shadow memory does not fit between addresses as random as today's kernels make them.
    prefix: ["setarch", "--addr-no-randomize"],
  },
});

/** @param {string | undefined} name */
function sanitizerOf(name) {
  if (name === "address" || name === "thread") return sanitizers[name];
  throw new ToolFailed("usage: npm run test:sanitize -- address | thread [WORD...]", 2);
}

/**
 * Builds the addon and returns the directory that has it in build/Release.
 * @param {string} name
 * @param {string} flags
 */
function build(name, flags) {
  const directory = join(root, "build", `sanitize-${name}`);
  mkdirSync(directory, { recursive: true });
  for (const part of ["binding.gyp", "native", "node_modules", "package.json"]) {
    if (!existsSync(join(directory, part))) symlinkSync(join("../..", part), join(directory, part));
  }
  say(`building the addon with -fsanitize=${flags}`);
  nodeGyp([`--directory=${directory}`, "configure", "--", `-Dsanitize=${flags}`]);
  nodeGyp([`--directory=${directory}`, "build"]);
  return directory;
}

/**
 * Copies Node and has the copy load the library first. Returns its path.
 * @param {string} directory
 * @param {string} library
 */
function nodeWith(directory, library) {
  const node = join(directory, "node");
  rmSync(node, { force: true });
  copyFileSync(process.execPath, node);
  run("patchelf", ["--add-needed", library, node]);
  return node;
}

await runAsTool(() => {
  const [name, ...words] = process.argv.slice(2);
  const sanitizer = sanitizerOf(name);
  setUp("sanitize");
  const directory = build(String(name), sanitizer.flags);
  const library = execFileSync("g++", [`-print-file-name=${sanitizer.library}`], { encoding: "utf8" }).trim();
  const node = nodeWith(directory, library);
  const reports = mkdtempSync(join(tmpdir(), "pgvip-sanitizer-"));
  try {
    const log = `log_path=${join(reports, "report")}`;
    const tests = words.length === 0 ? sanitizer.tests : words;
    const [command = "", ...args] = [...sanitizer.prefix, node, "test/run.mjs", ...tests];
    const env = {
      ...process.env,
      // Where node-gyp-build looks for the addon of pgvip.
      PGVIP_PREBUILD: directory,
      SANITIZER_LIBRARY: library,
      [sanitizer.options]: `${sanitizer.settings}:${log}`,
      UBSAN_OPTIONS: `print_stacktrace=1:${log}`,
    };
    const { status } = spawnSync(command, args, { cwd: root, stdio: "inherit", env });
    const found = readdirSync(reports);
    for (const report of found) say(`\n${readFileSync(join(reports, report), "utf8")}`);
    say(`\n${found.length} reports of the sanitizer`);
    return status === 0 && found.length === 0 ? 0 : 1;
  } finally {
    rmSync(reports, { recursive: true, force: true });
  }
});
