/** A bundle as a file: packed by the system's tar, readable for its owner alone. */
import { spawn } from "node:child_process";
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { PgvipError } from "../../errors.js";
import type { BundleFile } from "./bundle.js";

const OWNER_ONLY = 0o600;

/**
 * `gatherFiles` runs when it is sure that there is a place for the result. Throws a PgvipError (USAGE) when the file cannot be
 * made, or is there already.
 */
export async function writeArchive(
  file: string,
  name: string,
  gatherFiles: () => Promise<readonly BundleFile[]>,
): Promise<void> {
  const fd = create(file);
  try {
    await pack(await gatherFiles(), name, fd);
  } catch (error) {
    rmSync(file, { force: true });
    throw error;
  } finally {
    closeSync(fd);
  }
}

function create(file: string): number {
  try {
    return openSync(file, "wx", OWNER_ONLY);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new PgvipError("USAGE", `the bundle cannot be written: ${why}`, { cause });
  }
}

async function pack(files: readonly BundleFile[], name: string, fd: number): Promise<void> {
  // Only its owner may look into it.
  const directory = mkdtempSync(`${tmpdir()}/pgvip-support-`);
  try {
    mkdirSync(`${directory}/${name}`, { mode: 0o700 });
    for (const one of files) writeFileSync(`${directory}/${name}/${one.name}`, one.text, { mode: OWNER_ONLY });
    await tar(["--create", "--gzip", "--owner=0", "--group=0", "--numeric-owner", "-C", directory, name], fd);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function tar(args: readonly string[], fd: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (why: string, cause?: unknown): void => {
      reject(new PgvipError("SYSTEM", `tar did not pack the bundle: ${why}`, { cause }));
    };
    const child = spawn("tar", args, { stdio: ["ignore", fd, "pipe"] });
    let words = "";
    child.stderr?.setEncoding("utf8").on("data", (chunk: string) => {
      words += chunk;
    });
    child.on("error", (error) => {
      fail(error.message, error);
    });
    child.on("close", (code) => {
      if (code === 0) resolve();
      else fail(words.trim() || `exit code ${String(code)}`);
    });
  });
}
