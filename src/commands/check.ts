/** `pgvip check`: validates the configuration, and says it in words. */
import { describe } from "../config/describe.js";
import { loadConfig } from "../config/load.js";
import type { AddCommand } from "./context.js";
import { addSettings, sourcesOf } from "./settings.js";

export const addCheck: AddCommand = (program, { terminal }) => {
  const check = program.command("check").description("check the configuration without running, and print it in words");
  addSettings(check).action(async () => {
    const config = await loadConfig(sourcesOf(check, terminal));
    terminal.out(`The configuration is valid.\n\n${describe(config)}\n`);
  });
};
