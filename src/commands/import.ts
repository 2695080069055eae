/** `pgvip import`: another VIP manager's configuration as one of pgvip, with what was wrong and what is not needed. */
import { existsSync, readFileSync, readdirSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { type Command, Option } from "commander";
import { PgvipError } from "../errors.js";
import type { Draft } from "../import/draft.js";
import { findingText } from "../import/findings.js";
import { readBlocks } from "../import/keepalived-blocks.js";
import { draftOf } from "../import/keepalived-draft.js";
import { type Files, readLines } from "../import/keepalived-lines.js";
import { type Keepalived, readKeepalived } from "../import/keepalived.js";
import { readVipManager } from "../import/vip-manager.js";
import { yamlText } from "../import/yaml-text.js";
import type { AddCommand, Terminal } from "./context.js";

export const addImport: AddCommand = (program, { terminal }) => {
  const group = program
    .command("import")
    .description(
      "print another VIP manager's configuration as one of pgvip, with comments; warnings go to standard error",
    );
  addKeepalived(group, terminal);
  group
    .command("vip-manager <file>")
    .description("read vip-manager's YAML file, or the environment file of Debian's unit")
    .action((file: string) => {
      print(readVipManager(files.read(file), file), [file], terminal);
    });
};

function addKeepalived(group: Command, terminal: Terminal): void {
  group
    .command("keepalived <file...>")
    .description("read keepalived.conf; give the files of all nodes, and they become one configuration")
    .addOption(
      new Option("--config-id <id>", "the host whose @id lines count, as keepalived -i").default(
        os.hostname(),
        "this host's name",
      ),
    )
    .action((names: readonly string[], { configId }: { configId: string }) => {
      const nodes = names.map((name): Keepalived => {
        const { lines, findings } = readLines(name, configId, files);
        const read = readKeepalived(readBlocks(lines));
        return { ...read, findings: [...findings, ...read.findings] };
      });
      const draft = draftOf(nodes);
      if (draft.vips.length === 0) {
        const wanted = "wanted a vrrp_instance with virtual_ipaddress";
        throw new PgvipError("CONFIG", `${names.join(", ")}: no VIP; ${wanted}`);
      }
      print(draft, names, terminal);
    });
}

function print(draft: Draft, sources: readonly string[], terminal: Terminal): void {
  for (const finding of draft.findings) {
    if (finding.kind === "wrong") terminal.err(`warning: ${findingText(finding)}\n`);
    if (finding.kind === "byHand") terminal.err(`by hand: ${findingText(finding)}\n`);
  }
  terminal.out(yamlText(draft, sources));
}

const files: Files = {
  read: (file) => {
    try {
      return readFileSync(file, "utf8");
    } catch (cause) {
      throw new PgvipError("CONFIG", `cannot read it: ${cause instanceof Error ? cause.message : String(cause)}`, {
        cause,
      });
    }
  },
  included: (pattern, file) => {
    const target = path.resolve(path.dirname(file), pattern);
    const directory = path.dirname(target);
    if (!existsSync(directory)) return [];
    const name = new RegExp(`^${globToRegExp(path.basename(target))}$`);
    return readdirSync(directory)
      .filter((entry) => name.test(entry) && !entry.startsWith("."))
      .sort()
      .map((entry) => path.join(directory, entry));
  },
};

/** `*`, `?` and `[…]` in the last part of a path, which is all that include directories use. */
function globToRegExp(glob: string): string {
  return glob
    .replaceAll(/[.+^${}()|\\]/g, String.raw`\$&`)
    .replaceAll("*", ".*")
    .replaceAll("?", ".");
}
