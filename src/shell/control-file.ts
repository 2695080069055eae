/**
 * PostgreSQL's control file, `global/pg_control`: what the server last wrote there of its own state.
 *
 * At the end of a recovery the server lets its sessions write, writes `in production` there in the same breath, and then
 * waits for the disk; only after that the process of the recovery ends. The file belongs to PostgreSQL's user, so the agent
 * can read it where it was let (docs/operating.md).
 */
import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";

/**
 * `state` of `ControlFileData` and `DB_IN_PRODUCTION` (src/include/catalog/pg_control.h): the same in all versions since 8.2.
 */
export const inProduction = { offset: 16, value: 6 } as const;

/** The first line of postmaster.pid is no longer. */
const PID_BYTES = 32;

/**
 * Opens the control file of a running server.
 *
 * @param pid the server's first process
 * @param args its command line, with `-D` and the data directory, as Patroni starts it
 * @returns `null` where it cannot be read, or the directory of that name is another server's, as with a container's
 */
export async function openControlFile(pid: number, args: readonly string[]): Promise<FileHandle | null> {
  const option = args.indexOf("-D");
  const directory = args[option + 1];
  if (option < 0 || directory === undefined) return null;
  try {
    if ((await serverIn(directory)) !== pid) return null;
    return await openFile(join(directory, "global", "pg_control"));
  } catch {
    return null;
  }
}

async function serverIn(directory: string): Promise<number> {
  const file = await openFile(join(directory, "postmaster.pid"));
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(PID_BYTES));
    return Number.parseInt(buffer.toString("latin1", 0, bytesRead), 10);
  } finally {
    await file.close();
  }
}

/** Whoever may write there is not trusted with a FIFO either, which would never be opened. */
function openFile(path: string): Promise<FileHandle> {
  return open(path, constants.O_RDONLY | constants.O_NONBLOCK);
}
