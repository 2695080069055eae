/**
 * Loaded into an agent before its own code (NODE_OPTIONS=--import): on SIGUSR2 it collects garbage and writes what its
 * memory is used for, so that what is measured is what it keeps. The agent itself knows nothing of it.
 */
import { renameSync, writeFileSync } from "node:fs";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

const directory = process.env["SOAK_DIRECTORY"] ?? "";

setFlagsFromString("--expose-gc");
/** @type {() => void} */
const collectGarbage = runInNewContext("gc");

process.on("SIGUSR2", () => {
  // What has a finalizer is freed by the second collection.
  collectGarbage();
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  const file = `${directory}/${String(process.pid)}.json`;
  writeFileSync(`${file}.part`, JSON.stringify({ heapUsed, external }));
  renameSync(`${file}.part`, file);
});
