/** Runs one command for the tools beside this file. Its output is shown only when it fails. */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("..", import.meta.url));

/** Something a person has to put right; the tools print the message alone and exit with the code. */
export class ToolFailed extends Error {
  /**
   * @param {string} message
   * @param {number} exitCode 1: something is wrong with the work; 2: something is missing on this machine
   */
  constructor(message, exitCode) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** @param {string} text */
export function say(text) {
  process.stdout.write(`${text}\n`);
}

/**
 * @param {string} command
 * @param {readonly string[]} args
 * @param {NodeJS.ProcessEnv} [env] added to the environment
 * @returns {void}
 */
export function run(command, args, env = {}) {
  const result = spawnSync(command, args, {
    cwd: root,
    env: { ...process.env, ...env },
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
    maxBuffer: 64 * 1024 * 1024,
  });
  const line = [command, ...args].join(" ");
  if (result.error !== undefined) throw new ToolFailed(`cannot run ${line}: ${result.error.message}`, 2);
  if (result.status === 0) return;
  const how = result.signal === null ? `exit code ${result.status}` : `signal ${result.signal}`;
  throw new ToolFailed(`${result.stdout}${result.stderr}failed (${how}): ${line}`, 1);
}

/**
 * Ends a command-line tool: with `main`'s exit code, or with one plain message.
 * @param {() => number | Promise<number>} main
 */
export async function runAsTool(main) {
  try {
    process.exitCode = await main();
  } catch (error) {
    if (!(error instanceof ToolFailed)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = error.exitCode;
  }
}

/**
 * Whether a module is the program itself rather than imported.
 * @param {string} moduleUrl
 */
export function isProgram(moduleUrl) {
  return process.argv[1] === fileURLToPath(moduleUrl);
}
