/**
 * Takes the right to change addresses (CAP_NET_ADMIN) from a process that runs, as nobody could from outside, and gives it
 * back. The kernel then answers what it answers to anybody without it: EPERM (rights.cc).
 */
import { rmSync, writeFileSync } from "node:fs";
import { preload } from "./preload.js";

const source = new URL("rights.cc", import.meta.url);

export class AddressRights {
  /** For the processes that are to be deprived. */
  readonly env: Readonly<Record<string, string>>;
  readonly #directory: string;

  static async build(directory: string): Promise<AddressRights> {
    return new AddressRights(directory, await preload(source, directory));
  }

  private constructor(directory: string, preloaded: Readonly<Record<string, string>>) {
    this.#directory = directory;
    this.env = { ...preloaded, LAB_RIGHTS: directory };
  }

  /** From this process, by its number; sockets that it has keep working. */
  take(pid: number): void {
    writeFileSync(this.#file(pid), "");
  }

  giveBack(pid: number): void {
    rmSync(this.#file(pid), { force: true });
  }

  #file(pid: number): string {
    return `${this.#directory}/${String(pid)}`;
  }
}
