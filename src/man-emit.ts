/**
 * Writes the manual pages from the definitions of the commands. No part of the agent imports it:
 * `node --import tsx src/man-emit.ts docs/man`.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Command } from "commander";
import { buildProgram } from "./cli.js";
import { type ManPage, manPages } from "./outline/man.js";
import { type CommandOutline, outlineOf } from "./outline/outline.js";

export function pgvipManPages(): readonly ManPage[] {
  let printed = "";
  const out = (text: string): void => void (printed += text);
  const program = buildProgram({ terminal: { environment: {}, out, err: out }, exitWith: () => undefined });
  /** Commander tells remarks nowhere but at the end of the whole help text. */
  const remarks = ({ words }: CommandOutline): string => {
    const command = words.slice(1).reduce(commandIn, program);
    printed = "";
    command.outputHelp();
    return printed.slice(command.helpInformation().length);
  };
  return manPages(outlineOf(program), remarks);
}

function commandIn(outer: Command, name: string): Command {
  const found = outer.commands.find((command) => command.name() === name);
  if (found === undefined) throw new Error(`no command ${name}`);
  return found;
}

function main([directory]: readonly string[]): void {
  if (directory === undefined) throw new Error("usage: man-emit.ts DIRECTORY");
  mkdirSync(directory, { recursive: true });
  for (const { file, text } of pgvipManPages()) writeFileSync(join(directory, file), text);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) main(process.argv.slice(2));
