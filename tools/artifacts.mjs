/**
 * What a clone needs beyond its sources: node_modules, the native addon, dist/. Each `ensure…` does its work only when
 * the result does not fit the sources; that is decided by content, because a checkout gives every file a new time.
 */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { ToolFailed, root, run, say } from "./run-command.mjs";

/** @typedef {{ readonly version?: string, readonly integrity?: string, readonly optional?: boolean }} LockedPackage */

/** Installs the packages of package-lock.json. Their scripts are not run: what needs a compiler is built below. */
export function ensureModules() {
  if (modulesFit()) return;
  say("installing node_modules (npm ci)");
  npm(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]);
}

/** Builds build/Release/pgvip.node. */
export function ensureAddon() {
  const sources = ["binding.gyp", "package-lock.json", ...filesUnder("native")];
  once("build/Release/pgvip.node", "build/.addon-made-from", sources, () => {
    say("building the native addon");
    nodeGyp(["configure", "build"]);
  });
}

/** Compiles src/ to dist/. */
export function ensureDist() {
  const sources = ["tsconfig.json", "package-lock.json", ...filesUnder("src")];
  once("dist/main.js", "dist/.made-from", sources, () => {
    say("compiling src to dist");
    rmSync(join(root, "dist"), { recursive: true, force: true });
    run(process.execPath, ["node_modules/typescript/bin/tsc", "-p", "tsconfig.json"]);
  });
}

/** raw-socket is optional and is built for one Node version only. Where it cannot be built, that is said once. */
export function ensureRawSocket() {
  const directory = join(root, "node_modules/raw-socket");
  const failed = join(directory, `.not-built-for-${process.versions.modules}`);
  if (!existsSync(directory) || existsSync(failed) || rawSocketLoads()) return;
  say("building raw-socket");
  try {
    npm(["rebuild", "raw-socket", "--no-audit", "--no-fund"]);
  } catch (error) {
    if (!(error instanceof ToolFailed)) throw error;
    writeFileSync(failed, error.message);
    say("raw-socket could not be built; only the diagnostics that use it are affected");
  }
}

/** @param {readonly string[]} args */
export function nodeGyp(args) {
  const nodedir = headerDirectory();
  const headers = nodedir === undefined ? [] : [`--nodedir=${nodedir}`];
  // Arguments after `--` belong to gyp itself.
  run(process.execPath, ["node_modules/node-gyp/bin/node-gyp.js", ...headers, ...args], { JOBS: "max" });
}

/** Where this Node keeps its own headers; without them node-gyp downloads a copy. */
function headerDirectory() {
  const prefix = dirname(dirname(process.execPath));
  return existsSync(join(prefix, "include/node/node_api.h")) ? prefix : undefined;
}

/** @param {readonly string[]} args */
function npm(args) {
  const cli = process.env["npm_execpath"];
  const nodedir = headerDirectory();
  const env = nodedir === undefined ? {} : { npm_config_nodedir: nodedir };
  if (cli?.endsWith("npm-cli.js") === true) run(process.execPath, [cli, ...args], env);
  else run("npm", args, env);
}

/** npm writes what it installed into node_modules/.package-lock.json; an optional package may be missing there. */
function modulesFit() {
  const installedLock = join(root, "node_modules/.package-lock.json");
  if (!existsSync(installedLock)) return false;
  const installed = lockedPackages(installedLock);
  return Object.entries(lockedPackages(join(root, "package-lock.json"))).every(([path, wanted]) => {
    const found = installed[path];
    if (path === "" || (found === undefined && wanted.optional === true)) return true;
    return found?.version === wanted.version && found?.integrity === wanted.integrity;
  });
}

/**
 * @param {string} lockFile
 * @returns {Readonly<Record<string, LockedPackage>>}
 */
function lockedPackages(lockFile) {
  return JSON.parse(readFileSync(lockFile, "utf8")).packages;
}

/**
 * Makes `result` unless the note beside it says that it was made from these very sources.
 * @param {string} result
 * @param {string} note
 * @param {readonly string[]} sources
 * @param {() => void} make
 */
function once(result, note, sources, make) {
  const now = fingerprint(sources);
  const notePath = join(root, note);
  if (existsSync(join(root, result)) && existsSync(notePath) && readFileSync(notePath, "utf8") === now) return;
  make();
  if (!existsSync(join(root, result))) throw new ToolFailed(`${result} was not made`, 1);
  mkdirSync(dirname(notePath), { recursive: true });
  writeFileSync(notePath, now);
}

/** @param {readonly string[]} sources */
function fingerprint(sources) {
  const hash = createHash("sha256").update(`${process.platform} ${process.arch}`);
  for (const source of sources) hash.update(`\0${source}\0`).update(readFileSync(join(root, source)));
  return hash.digest("hex");
}

/** @param {string} directory */
function filesUnder(directory) {
  return readdirSync(join(root, directory), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(resolve(entry.parentPath), entry.name).slice(root.length))
    .sort();
}

function rawSocketLoads() {
  try {
    createRequire(join(root, "package.json"))("raw-socket");
    return true;
  } catch {
    return false;
  }
}
