/** `pgvip support-bundle`: all that is wanted of a node by those who are asked for help, in one file and without secrets. */
import { hostname } from "node:os";
import path from "node:path";
import { Option } from "commander";
import { loadSocketPath, loadStateDirectory } from "../config/load.js";
import type { AddCommand } from "./context.js";
import { readHistory } from "./history.js";
import { addSettings, sourcesOf } from "./settings.js";
import { askStatus } from "./status.js";
import { versionText } from "./version.js";

const HISTORY_ENTRIES = 1000;

export const addSupportBundle: AddCommand = (program, { terminal }) => {
  const command = program
    .command("support-bundle")
    .description(
      "gather configuration (without secrets), status, history, findings of doctor, versions and log in a file",
    )
    .argument("[file]", "where to; by default pgvip-support-HOST-TIME.tar.gz in this directory");
  addSettings(command)
    .addOption(new Option("--unit <name>", "systemd's unit of the agent, for its log").default("pgvip"))
    .action(async (given: string | undefined, { unit }: { readonly unit: string }) => {
      const { gatherBundle } = await import("../diagnose/support/bundle.js");
      const { writeArchive } = await import("../diagnose/support/archive.js");
      const sources = sourcesOf(command, terminal);
      const name = `pgvip-support-${hostname()}-${new Date().toISOString().slice(0, 19).replaceAll(/[-:]/g, "")}Z`;
      const file = given ?? `${name}.tar.gz`;
      const said = {
        config: sources,
        versions: versionText,
        status: async () => `${JSON.stringify(await askStatus(await loadSocketPath(sources)), null, 2)}\n`,
        history: async () => {
          const entries = await readHistory(await loadStateDirectory(sources));
          return entries
            .slice(-HISTORY_ENTRIES)
            .map((entry) => `${JSON.stringify(entry)}\n`)
            .join("");
        },
        unit,
      };
      await writeArchive(file, name, () =>
        gatherBundle(said, (part) => {
          terminal.err(`${part}\n`);
        }),
      );
      terminal.out(`${path.resolve(file)}\n`);
    });
};
