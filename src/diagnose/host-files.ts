/** Files of this host, read below a root that is `/` except in tests. What cannot be read is as good as absent. */
import { readFileSync, readdirSync, readlinkSync } from "node:fs";

export interface HostProcess {
  readonly pid: number;
  readonly name: string;
  readonly args: readonly string[];
}

export class HostFiles {
  readonly #root: string;

  constructor(root = "/") {
    this.#root = root.replace(/\/$/, "");
  }

  /** `null` when there is no such file, or it is not ours to read. */
  read(path: string): string | null {
    return attempt(() => readFileSync(this.#root + path, "utf8"));
  }

  has(path: string): boolean {
    return this.read(path) !== null;
  }

  /** Names in a directory; none when there is no such directory. */
  list(path: string): readonly string[] {
    return attempt(() => readdirSync(this.#root + path)) ?? [];
  }

  /** Processes that share this one's network: others, in containers, cannot touch its addresses. */
  processes(): readonly HostProcess[] {
    const own = this.#link("/proc/self/ns/net");
    return this.list("/proc").flatMap((entry) => {
      if (!/^\d+$/.test(entry) || this.#link(`/proc/${entry}/ns/net`) !== own) return [];
      const name = this.read(`/proc/${entry}/comm`);
      if (name === null) return [];
      const args = (this.read(`/proc/${entry}/cmdline`) ?? "").split("\0").filter((word) => word !== "");
      return [{ pid: Number(entry), name: name.trim(), args }];
    });
  }

  #link(path: string): string | null {
    return attempt(() => readlinkSync(this.#root + path));
  }
}

function attempt<Value>(read: () => Value): Value | null {
  try {
    return read();
  } catch {
    return null;
  }
}
