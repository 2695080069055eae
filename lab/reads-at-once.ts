/** Whether a file system reads from memory or not at all, on demand: preadv2(2) with RWF_NOWAIT. */
import { command } from "./command.js";

const READ = `
import os, sys
try:
    os.preadv(os.open(sys.argv[1], os.O_RDONLY), [bytearray(1)], 0, os.RWF_NOWAIT)
    print("yes")
except OSError:
    print("no")
`;

/** That of the file, which has just been written: tmpfs and overlayfs, of containers, do not. */
export async function readsAtOnce(path: string): Promise<boolean> {
  return (await command("python3", ["-c", READ, path])).trim() === "yes";
}
