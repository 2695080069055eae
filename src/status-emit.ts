/**
 * Writes docs/status.schema.json from the schema of the status document. No part of the agent imports it:
 * `node --import tsx src/status-emit.ts docs/status.schema.json`.
 */
import { writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { statusSchema } from "./status.js";

/** JSON Schema (draft-07) of what `pgvip status --json` prints. */
export async function statusJsonSchema(): Promise<object> {
  // A development dependency: it is not there where pgvip is installed.
  const { toJsonSchema } = await import("@valibot/to-json-schema");
  return {
    ...toJsonSchema(statusSchema, { typeMode: "output", ignoreActions: ["readonly"] }),
    title: "pgvip status, version 1",
  };
}

async function main([file]: readonly string[]): Promise<void> {
  if (file === undefined) throw new Error("usage: status-emit.ts SCHEMA.json");
  writeFileSync(file, `${JSON.stringify(await statusJsonSchema(), null, 2)}\n`);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) await main(process.argv.slice(2));
