#!/usr/bin/env node
/** The program: hands the command line to cli.ts and ends with its exit code. */
import process from "node:process";
import { spendLittle } from "./v8.js";

spendLittle();
const { runCli } = await import("./cli.js");
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
