/** Small C++ programs of the lab and of the tests, made where they are needed. */
import { command } from "./command.js";

/** From these source files, by their paths; every warning is an error. */
export async function compile(program: string, sources: readonly string[], flags: readonly string[]): Promise<void> {
  await command("g++", ["-std=c++17", "-Wall", "-Wextra", "-Werror", ...flags, "-o", program, ...sources]);
}
