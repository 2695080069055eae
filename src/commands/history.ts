/** `pgvip history`: what happened to the VIPs of this node. Reads the agent's file, so it works without the agent as well. */
import { readFile } from "node:fs/promises";
import path from "node:path";
import { InvalidArgumentError, Option } from "commander";
import { loadStateDirectory } from "../config/load.js";
import { PgvipError } from "../errors.js";
import { type HistoryEntry, historyLine, parseHistory } from "../history.js";
import { HISTORY_NAME } from "../shell/history-file.js";
import type { AddCommand } from "./context.js";
import { addSettingsNamed, sourcesOf } from "./settings.js";

const DEFAULT_COUNT = 20;

interface Options {
  readonly json?: true;
  readonly lines: number;
}

export const addHistory: AddCommand = (program, { terminal }) => {
  const history = program.command("history").description("show what happened to the VIPs of this node, with reasons");
  addSettingsNamed(history, ["state_directory"])
    .addOption(new Option("-n, --lines <count>", "the last ones").argParser(parseCount).default(DEFAULT_COUNT))
    .addOption(new Option("--json", "print one JSON object a line"))
    .action(async ({ json, lines }: Options) => {
      const directory = await loadStateDirectory(sourcesOf(history, terminal));
      const last = (await readHistory(directory)).slice(-lines);
      for (const entry of last) terminal.out(`${json ? JSON.stringify(entry) : historyLine(entry)}\n`);
    });
};

/** The oldest first. Throws a PgvipError (SYSTEM) when there is no history that could be read. */
export async function readHistory(stateDirectory: string): Promise<readonly HistoryEntry[]> {
  try {
    return parseHistory(await readFile(path.join(stateDirectory, HISTORY_NAME), "utf8"));
  } catch (cause) {
    const text = cause instanceof Error ? cause.message : String(cause);
    throw new PgvipError("SYSTEM", `no history: ${text}`, { cause });
  }
}

function parseCount(text: string): number {
  if (!/^[1-9]\d{0,6}$/.test(text)) throw new InvalidArgumentError("Wanted a whole number from 1 on.");
  return Number(text);
}
