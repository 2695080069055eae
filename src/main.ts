#!/usr/bin/env node
/** The program: hands the command line to cli.ts and ends with its exit code. */
import process from "node:process";
import { runBeforeOthers } from "./scheduling.js";
import { spendLittle } from "./v8.js";

const words = process.argv.slice(2);
// Before anything else is loaded: started again on a busy machine, an agent has no longer for it than the kernel's lease.
if (words[0] === "run") runBeforeOthers();
spendLittle();

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
