/**
 * Runs the tests: `npm test [-- WORD...] [--coverage]`. A word is a group (unit, native, lab, agents, e2e), a folder under
 * test/ (core) or a file (vrrp, wire/vrrp, test/wire/vrrp.test.ts).
 *
 * The list is made here since Node 20 finds no .ts tests in a folder and would call that a success. A missing
 * prerequisite is an error; with CI=true a skipped test is one too.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { basename, join, relative } from "node:path";
import { ToolFailed, isProgram, root, runAsTool, say } from "../tools/run-command.mjs";
import { setUp } from "../tools/setup.mjs";

/** @typedef {import("./reporter.mjs").TestLine} TestLine */
/** @typedef {import("./reporter.mjs").FileLine} FileLine */
/**
 * @typedef {object} Group
 * @property {string} name
 * @property {"unit" | "test"} purpose what tools/setup.mjs has to make ready
 * @property {number} concurrency
 * @property {number} testLimitMs only a guard: a test that takes longer hangs
 */

/**
 * Tests outside these folders are the group `unit`. In here they make interfaces and clusters. Only where nothing but
 * what an agent does is judged, and not when, may a second file run beside the first.
 */
const folders = { native: 1, lab: 1, agents: 2, e2e: 1 };

/** @type {readonly Group[]} */
const groups = [
  { name: "unit", purpose: "unit", concurrency: availableParallelism(), testLimitMs: 600_000 },
  ...Object.entries(folders).map(([name, concurrency]) => {
    return { name, purpose: /** @type {const} */ ("test"), concurrency, testLimitMs: 600_000 };
  }),
];

/** A guard as well: Node 24 waits for ever for a file that leaves a timer or a socket behind. */
const groupLimitMs = 50 * 60_000;

/** All test files, as paths from the root of the repository. */
export function listTests() {
  return readdirSync(join(root, "test"), { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".test.ts"))
    .map((path) => join("test", path))
    .sort();
}

/** @param {string} path */
function groupOf(path) {
  return Object.keys(folders).find((folder) => path.startsWith(`test/${folder}/`)) ?? "unit";
}

/**
 * @param {readonly string[]} words
 * @returns {readonly string[]}
 */
function selectTests(words) {
  const all = listTests();
  if (all.length === 0) throw new ToolFailed("no test files under test/", 1);
  if (words.length === 0) return all;
  const chosen = words.flatMap((word) => {
    const found = all.filter((path) => matches(path, word));
    if (found.length === 0) throw new ToolFailed(`no test is called "${word}"`, 2);
    return found;
  });
  return [...new Set(chosen)].sort();
}

/**
 * @param {string} path
 * @param {string} word
 */
function matches(path, word) {
  const wanted = word.replace(/\/$/, "");
  return (
    groupOf(path) === wanted ||
    path === wanted ||
    path.startsWith(`${wanted}/`) ||
    path.startsWith(`test/${wanted}/`) ||
    path === `test/${wanted}.test.ts` ||
    basename(path, ".test.ts") === wanted
  );
}

/**
 * @param {Group} group
 * @param {readonly string[]} files
 * @returns {readonly (TestLine | FileLine)[]}
 */
function runGroup(group, files) {
  const directory = mkdtempSync(join(tmpdir(), "pgvip-test-report-"));
  const report = join(directory, "report.jsonl");
  say(`\n# ${group.name}: ${files.length} files`);
  const flags = [
    "--import=tsx",
    "--test",
    `--test-concurrency=${group.concurrency}`,
    `--test-timeout=${group.testLimitMs}`,
    "--test-reporter=spec",
    "--test-reporter-destination=stdout",
    `--test-reporter=${join(root, "test/reporter.mjs")}`,
    `--test-reporter-destination=${report}`,
  ];
  try {
    const ended = spawnSync(process.execPath, [...flags, ...files], {
      cwd: root,
      stdio: "inherit",
      timeout: groupLimitMs,
    });
    const text = readFileSync(report, "utf8");
    const lines = text.split("\n").filter((line) => line !== "");
    /** @type {(TestLine | FileLine)[]} */
    const results = lines.map((line) => JSON.parse(line));
    const ok = ended.error === undefined && ended.status === 0;
    checkGroup(files, results, ok ? null : `(${group.name}: ${ended.error?.message ?? `exit code ${ended.status}`})`);
    return results;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/**
 * The counts are believed only when every file was heard of and they fit how the runner ended.
 * @param {readonly string[]} files
 * @param {(TestLine | FileLine)[]} results
 * @param {string | null} complaint what is wrong with the run as a whole
 */
function checkGroup(files, results, complaint) {
  for (const file of files) {
    const path = join(root, file);
    if (results.some((line) => line.kind === "test" && line.file === path)) continue;
    results.push({ kind: "test", file: path, name: "(reported nothing)", outcome: "failed" });
  }
  if (complaint === null || results.some((line) => line.kind === "test" && line.outcome === "failed")) return;
  results.push({ kind: "test", file: join(root, "test"), name: complaint, outcome: "failed" });
}

/** @param {readonly (TestLine | FileLine)[]} results */
function summarize(results) {
  const files = results.filter((line) => line.kind === "file").sort((a, b) => b.durationMs - a.durationMs);
  say("\nslowest files");
  for (const { file, durationMs } of files.slice(0, 10)) {
    say(`  ${(durationMs / 1000).toFixed(1).padStart(7)} s  ${relative(root, file)}`);
  }
  const tests = results.filter((line) => line.kind === "test");
  for (const outcome of ["failed", "skipped"]) {
    const lines = tests.filter((line) => line.outcome === outcome);
    if (lines.length > 0) say(`\n${outcome}`);
    for (const { file, name } of lines) say(`  ${relative(root, file)}: ${name}`);
  }
  const [passed = 0, failed = 0, skipped = 0] = ["passed", "failed", "skipped"].map(
    (outcome) => tests.filter((line) => line.outcome === outcome).length,
  );
  const forbidsSkipping = process.env["CI"] === "true";
  if (forbidsSkipping && skipped > 0) say("\nwith CI=true a skipped test is a failure");
  say(`\n${passed} passed, ${failed} failed, ${skipped} skipped`);
  return failed > 0 || passed === 0 || (forbidsSkipping && skipped > 0) ? 1 : 0;
}

/**
 * The same command again, under c8, which follows child processes too.
 * @param {readonly string[]} words
 */
function runWithCoverage(words) {
  const c8 = join(root, "node_modules/c8/bin/c8.js");
  const flags = ["--all", "--src=src", "--include=src/**", "--reporter=text", "--reporter=html"];
  const args = [c8, ...flags, process.execPath, "test/run.mjs", ...words];
  return spawnSync(process.execPath, args, { cwd: root, stdio: "inherit" }).status ?? 1;
}

if (isProgram(import.meta.url)) {
  await runAsTool(() => {
    const args = process.argv.slice(2);
    const words = args.filter((arg) => arg !== "--coverage");
    const unknown = words.find((word) => word.startsWith("-"));
    if (unknown !== undefined) throw new ToolFailed(`unknown option ${unknown}; there is only --coverage`, 2);
    const selected = selectTests(words);
    const chosen = groups.filter((group) => selected.some((path) => groupOf(path) === group.name));
    setUp(chosen.some((group) => group.purpose === "test") ? "test" : "unit");
    if (args.includes("--coverage")) return runWithCoverage(words);
    const results = chosen.flatMap((group) =>
      runGroup(
        group,
        selected.filter((path) => groupOf(path) === group.name),
      ),
    );
    return summarize(results);
  });
}
