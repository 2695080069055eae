#!/usr/bin/env node
/** The program: hands the command line to cli.ts and ends with its exit code. */
import process from "node:process";
import { setFlagsFromString } from "node:v8";
import { runBeforeOthers } from "./scheduling.js";

// The young generation stays at its first size (1 MB halves): the agent makes little garbage, and should have short pauses
// and a small footprint rather than throughput. Unlike --max-semi-space-size it takes effect in a running process.
setFlagsFromString("--semi-space-growth-factor=1");

const words = process.argv.slice(2);
// Before anything else is loaded: started again on a busy machine, an agent has no longer for it than the kernel's lease.
if (words[0] === "run") runBeforeOthers();

const { runCli } = await import("./cli.js");
const exitCode = await runCli(words, {
  environment: process.env,
  out: (text) => {
    process.stdout.write(text);
  },
  err: (text) => {
    process.stderr.write(text);
  },
});
process.exit(exitCode);
