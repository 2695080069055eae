#!/usr/bin/env node
/** The program: hands the command line to cli.ts and ends with its exit code. */
import process from "node:process";
import { setFlagsFromString } from "node:v8";
import { runCli } from "./cli.js";

// The young generation stays at its first size (1 MB halves): the agent makes little garbage, and should have short pauses
// and a small footprint rather than throughput. Unlike --max-semi-space-size it takes effect in a running process.
setFlagsFromString("--semi-space-growth-factor=1");

const exitCode = await runCli(process.argv.slice(2), {
  environment: process.env,
  out: (text) => {
    process.stdout.write(text);
  },
  err: (text) => {
    process.stderr.write(text);
  },
});
process.exit(exitCode);
