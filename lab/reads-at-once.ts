/** Whether a file system reads from memory or not at all, on demand: preadv2(2) with RWF_NOWAIT. */
import { statfsSync } from "node:fs";
import { command } from "./command.js";

/** Which has everything in memory, and is not asked. */
const TMPFS_MAGIC = 0x01021994;

const READ = `
import os, sys
try:
    os.preadv(os.open(sys.argv[1], os.O_RDONLY), [bytearray(1)], 0, os.RWF_NOWAIT)
    print("yes")
except OSError:
    print("no")
`;

/** That of the file, which has just been written: overlayfs, of containers, does not. */
export async function readsAtOnce(path: string): Promise<boolean> {
  if (statfsSync(path).type === TMPFS_MAGIC) return true;
  return (await command("python3", ["-c", READ, path])).trim() === "yes";
}
