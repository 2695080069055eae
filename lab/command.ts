/** Runs one command to its end, in the namespace of the caller. */
import { execFile } from "node:child_process";

export interface CommandResult {
  readonly stdout: string;
  readonly stderr: string;
  /** Exit code; `null` when a signal ended it. */
  readonly code: number | null;
}

export interface CommandOptions {
  readonly timeoutMs?: number;
  readonly input?: string;
}

/** Never rejects: a command that cannot be started ends with code 127 and says why on stderr. */
export function tryCommand(
  command: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  return new Promise((resolve) => {
    const limits = { timeout: options.timeoutMs ?? 0, killSignal: "SIGKILL", maxBuffer: 64 * 1024 * 1024 } as const;
    const child = execFile(command, args, limits, (error, stdout, stderr) => {
      if (error === null) resolve({ stdout, stderr, code: 0 });
      else if (typeof error.code === "number") resolve({ stdout, stderr, code: error.code });
      else if (error.killed === true || typeof error.signal === "string") resolve({ stdout, stderr, code: null });
      else resolve({ stdout, stderr: error.message, code: 127 });
    });
    // A command that does not read its input may be gone before it is written.
    child.stdin?.on("error", () => undefined);
    child.stdin?.end(options.input ?? "");
  });
}

/** The standard output of a command that must succeed. */
export async function command(name: string, args: readonly string[], options: CommandOptions = {}): Promise<string> {
  const { stdout, stderr, code } = await tryCommand(name, args, options);
  if (code !== 0) {
    const outcome = code === null ? "was killed" : `exited with ${code}`;
    throw new Error(`${name} ${args.join(" ")} ${outcome}: ${(stderr + stdout).trim()}`);
  }
  return stdout;
}

/** Several `ip` commands in one process, one a line, in one namespace; the first that fails ends the batch. */
export async function ipBatch(lines: readonly string[], namespace?: string): Promise<void> {
  const where = namespace === undefined ? [] : ["-n", namespace];
  await command("ip", [...where, "-batch", "-"], { input: lines.join("\n") + "\n" });
}

/** Numeric ids of a user of this machine. */
export interface User {
  readonly uid: number;
  readonly gid: number;
}

export async function lookUpUser(name: string): Promise<User> {
  const [uid, gid] = await Promise.all([command("id", ["-u", name]), command("id", ["-g", name])]);
  return { uid: Number(uid), gid: Number(gid) };
}
