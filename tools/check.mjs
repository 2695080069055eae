/**
 * `npm run check`: every static check, a line each, and the findings of those that fail. `npm run fix` first repairs what
 * can be repaired by itself.
 */
import { spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { nodeGyp } from "./artifacts.mjs";
import { ToolFailed, root, runAsTool, say } from "./run-command.mjs";
import { setUp } from "./setup.mjs";

/** @typedef {{ readonly name: string, readonly command: string, readonly args: readonly string[] }} Tool */
/** @typedef {{ readonly ok: boolean, readonly output: string, readonly seconds: string }} Result */

/**
 * A tool of node_modules.
 * @param {string} name
 * @param {string} script
 * @param {readonly string[]} args
 * @returns {Tool}
 */
function node(name, script, ...args) {
  return { name, command: process.execPath, args: [join("node_modules", script), ...args] };
}

const eslint = "eslint/bin/eslint.js";
const prettier = "prettier/bin/prettier.cjs";
const native = ["native", "test/native", "test/fuzz"]
  .flatMap((folder) => readdirSync(join(root, folder)).map((name) => join(folder, name)))
  .filter((path) => /\.(cc|h)$/.test(path));

/** @type {readonly Tool[]} */
const repairs = [
  node("eslint --fix", eslint, "--fix", "."),
  node("prettier --write", prettier, "--log-level=warn", "--write", "."),
  { name: "clang-format -i", command: "clang-format", args: ["-i", ...native] },
];

/** The slow ones first. @type {readonly Tool[]} */
const checks = [
  node("eslint", eslint, "--max-warnings=0", "."),
  ...native
    .filter((path) => path.startsWith("native/") && path.endsWith(".cc"))
    .map((path) => ({
      name: `clang-tidy ${path}`,
      command: "clang-tidy",
      args: ["--quiet", "-p", "build/Release", path],
    })),
  node("tsc (src)", "typescript/bin/tsc", "--noEmit", "-p", "tsconfig.json"),
  node("tsc (all)", "typescript/bin/tsc", "-p", "test/tsconfig.json"),
  node("prettier", prettier, "--log-level=warn", "--check", "."),
  {
    name: "tidy",
    command: process.execPath,
    args: ["--import=tsx", "--test", "--test-reporter=spec", "test/tidy.test.ts"],
  },
  { name: "clang-format", command: "clang-format", args: ["--dry-run", "-Werror", ...native] },
];

/**
 * @param {Tool} tool
 * @returns {Promise<Result>}
 */
function runTool({ command, args }) {
  const startedAtMs = performance.now();
  return new Promise((resolve) => {
    /** @type {Buffer[]} */
    const chunks = [];
    /** @param {boolean} ok */
    const end = (ok) => {
      const seconds = ((performance.now() - startedAtMs) / 1000).toFixed(1);
      resolve({ ok, seconds, output: Buffer.concat(chunks).toString().trim() });
    };
    const child = spawn(command, args, { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
    /** @param {Buffer} chunk */
    const keep = (chunk) => chunks.push(chunk);
    child.stdout.on("data", keep);
    child.stderr.on("data", keep);
    child.on("error", (error) => {
      chunks.push(Buffer.from(error.message));
      end(false);
    });
    child.on("close", (code) => end(code === 0));
  });
}

/**
 * As many at a time as there are processors.
 * @param {readonly Tool[]} tools
 * @returns {Promise<number>} how many failed
 */
async function runTools(tools) {
  const waiting = [...tools];
  let failed = 0;
  const worker = async () => {
    for (let tool = waiting.shift(); tool !== undefined; tool = waiting.shift()) {
      const { ok, output, seconds } = await runTool(tool);
      if (!ok) failed += 1;
      say(`${ok ? "ok    " : "FAILED"} ${tool.name} (${seconds} s)${ok ? "" : `\n${output}\n`}`);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
  return failed;
}

await runAsTool(async () => {
  const args = process.argv.slice(2);
  if (args.some((arg) => arg !== "--fix")) throw new ToolFailed("usage: node tools/check.mjs [--fix]", 2);
  setUp("check");
  // What cannot be repaired is told by the check of the same name.
  if (args.includes("--fix")) for (const repair of repairs) await runTool(repair);
  // clang-tidy wants to know how each file is compiled: build/Release/compile_commands.json.
  nodeGyp(["configure", "--", "-f", "compile_commands_json"]);
  const failed = await runTools(checks);
  say(failed === 0 ? "all checks passed" : `${failed} of ${checks.length} checks failed`);
  return failed === 0 ? 0 : 1;
});
