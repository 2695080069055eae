/** From the keepalived.conf of each node to one draft. */
import type { Draft } from "./draft.js";
import { readBlocks } from "./keepalived-blocks.js";
import { draftOf } from "./keepalived-draft.js";
import { type Files, readLines } from "./keepalived-lines.js";
import { readKeepalived } from "./keepalived.js";

/** `configId`: the host whose `@id` lines count. */
export function draftOfFiles(names: readonly string[], configId: string, files: Files): Draft {
  return draftOf(
    names.map((name) => {
      const { lines, findings } = readLines(name, configId, files);
      const read = readKeepalived(readBlocks(lines));
      return { ...read, findings: [...findings, ...read.findings] };
    }),
  );
}
