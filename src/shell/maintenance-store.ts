/**
 * Maintenance that outlives a restart of the agent, in one small file. Written as a whole and moved into its place, so that
 * it is never read half.
 */
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import path from "node:path";
import * as v from "valibot";
import { PgvipError } from "../errors.js";

const schema = v.object({
  version: v.literal(1),
  groups: v.array(
    v.object({
      /** Without prefix length: the group is the one that has any of them. */
      vips: v.array(v.string()),
      mode: v.picklist(["paused", "released"]),
      /** `null` = until somebody resumes. */
      until: v.nullable(v.pipe(v.string(), v.isoTimestamp())),
      /** The VIP was here when it was paused. */
      pinned: v.boolean(),
    }),
  ),
});

export type KeptMaintenance = v.InferOutput<typeof schema>["groups"][number];

export class MaintenanceStore {
  readonly #file: string;

  constructor(directory: string) {
    this.#file = path.join(directory, "maintenance.json");
  }

  /** What is still in force. Throws a PgvipError when there is something that cannot be read. */
  async load(nowMs: number): Promise<readonly KeptMaintenance[]> {
    try {
      const { groups } = v.parse(schema, JSON.parse(await readFile(this.#file, "utf8")));
      return groups.filter(({ until }) => until === null || Date.parse(until) > nowMs);
    } catch (cause) {
      if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return [];
      throw this.#failed("read", cause);
    }
  }

  async save(groups: readonly KeptMaintenance[]): Promise<void> {
    const draft = `${this.#file}.new`;
    try {
      await mkdir(path.dirname(this.#file), { recursive: true });
      await writeFile(draft, `${JSON.stringify({ version: 1, groups }, null, 2)}\n`);
      await rename(draft, this.#file);
    } catch (cause) {
      throw this.#failed("written", cause);
    }
  }

  #failed(what: string, cause: unknown): PgvipError {
    const text = cause instanceof Error ? cause.message : String(cause);
    return new PgvipError("SYSTEM", `${this.#file} cannot be ${what}: ${text}`, { cause });
  }
}
