/**
 * `pgvip import`: another VIP manager's configuration as one of pgvip, with what was wrong and what is not needed. What it
 * takes, a package for YAML among it, is loaded only then: every agent is one of these commands, and lives for months.
 */
import { existsSync, readFileSync, readdirSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { type Command, Option } from "commander";
import { PgvipError } from "../errors.js";
import type { Draft } from "../import/draft.js";
import type { Files } from "../import/keepalived-lines.js";
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
    .action(async (file: string) => {
      const { readVipManager } = await import("../import/vip-manager.js");
      await print(readVipManager(files.read(file), file), [file], terminal);
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
    .action(async (names: readonly string[], { configId }: { configId: string }) => {
      const { draftOfFiles } = await import("../import/keepalived-files.js");
      const draft = draftOfFiles(names, configId, files);
      if (draft.vips.length === 0) {
        const wanted = "wanted a vrrp_instance with virtual_ipaddress";
        throw new PgvipError("CONFIG", `${names.join(", ")}: no VIP; ${wanted}`);
      }
      await print(draft, names, terminal);
    });
}

async function print(draft: Draft, sources: readonly string[], terminal: Terminal): Promise<void> {
  const { findingText } = await import("../import/findings.js");
  const { yamlText } = await import("../import/yaml-text.js");
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
