/** What every command has to do with: where its words go, and the exit code it ends with. */
import type { Command } from "commander";

export interface Terminal {
  readonly environment: Readonly<Record<string, string | undefined>>;
  out(text: string): void;
  err(text: string): void;
}

export interface Context {
  readonly terminal: Terminal;
  /** The exit code of a command that ends without an error; 0 if it is never said. */
  readonly exitWith: (code: number) => void;
}

/** Adds one command, with its options and what it does, to the program. */
export type AddCommand = (program: Command, context: Context) => void;
