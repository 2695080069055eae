/** `pgvip run`: the agent, in the foreground. It, and with it the native addon, is loaded only here. */
import { loadConfig } from "../config/load.js";
import { createLogger } from "../log.js";
import { spendAsNeeded } from "../v8.js";
import type { AddCommand } from "./context.js";
import { addSettings, sourcesOf } from "./settings.js";

export const addRun: AddCommand = (program, { terminal, exitWith }) => {
  const run = program.command("run").description("run the agent on this node, in the foreground");
  addSettings(run).action(async () => {
    const readConfig = async () => {
      const config = await loadConfig(sourcesOf(run, terminal));
      spendAsNeeded(config.groups.length);
      return config;
    };
    const config = await readConfig();
    const { runAgent } = await import("../agent.js");
    exitWith(await runAgent(config, readConfig, createLogger(config.logLevel)));
  });
};
