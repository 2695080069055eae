/**
 * Style as a test: each rule is run over the repository, and over small planted trees that it must find fault with, so
 * that a rule that went blind is noticed.
 */
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { test } from "node:test";
import { listTests } from "./run.mjs";
import * as code from "./tidy/code-rules.js";
import type { Tree } from "./tidy/source.js";
import * as whole from "./tidy/tree-rules.js";

const root = fileURLToPath(new URL("..", import.meta.url));

interface Case {
  readonly name: string;
  readonly rule: code.Rule;
  /** Trees with one fault each. */
  readonly bad: readonly Readonly<Record<string, string>>[];
  /** What looks similar and is fine. */
  readonly good: Readonly<Record<string, string>>;
}

const cases: readonly Case[] = [
  {
    name: "imports go from the outer layers to the inner ones",
    rule: code.importDirections,
    bad: [
      { "src/wire/a.ts": `import { x } from "../core/b.js";` },
      { "src/core/a.ts": `import { x } from "../shell/b.js";` },
      { "src/core/a.ts": `export * from "../ports/b.js";` },
      { "src/core/a.ts": `const x = await import("../log.js");` },
      { "src/core/a.ts": `let x: import("../log.js").Logger;` },
      { "src/core/a.ts": `import "node:fs";` },
      { "src/core/a.ts": `import * as v from "valibot";` },
      { "src/ports/a.ts": `import { x } from "../core/b.js";` },
      { "src/ports/a.ts": `import { type X, y } from "../core/b.js";` },
      { "src/config/schema.ts": `import { readFileSync } from "node:fs";` },
      { "src/shell/a.ts": `import { load } from "../config/load.js";` },
      { "src/shell/a.ts": `import { open } from "../addon.js";` },
      { "src/shell/a.ts": `import raw from "raw-socket";` },
      { "src/cli.ts": `import { open } from "./addon.js";` },
      { "src/main.ts": `import { run } from "./agent.js";` },
      { "src/agent.ts": `import { lab } from "../lab/lab.js";` },
      { "src/other/a.ts": `` },
    ],
    good: {
      "src/core/a.ts": `import type { X } from "../wire/b.js"; import { assert } from "../assert.js"; import "./c.js";`,
      "src/ports/a.ts": `import type { X } from "../core/b.js"; import { type Y } from "../wire/c.js";`,
      "src/config/load.ts": `import { readFileSync } from "node:fs"; import * as v from "valibot";`,
      "src/shell/native-network.ts": `import { open } from "../addon.js"; import type { C } from "../config/c.js";`,
      "src/shell/raw-socket-packets.ts": `const raw = await import("raw-socket");`,
      "src/main.ts": `import { cli } from "./cli.js";`,
    },
  },
  {
    name: "raw-socket has one way in",
    rule: code.onePathToRawSocket,
    bad: [{ "test/native/a.test.ts": `import raw from "raw-socket";` }],
    good: { "lab/ping.ts": `import raw from "raw-socket";` },
  },
  {
    name: "core and wire use nothing of the machine",
    rule: code.purity,
    bad: [
      { "src/core/a.ts": `const at = Date.now();` },
      { "src/core/a.ts": `const skew = Math.random();` },
      { "src/core/a.ts": `setTimeout(() => 0, 1);` },
      { "src/wire/a.ts": `const b = Buffer.from([1]);` },
      { "src/wire/a.ts": `const now = performance.now();` },
      { "src/core/a.ts": `const { env } = process;` },
      { "src/core/a.ts": `console.error("x");` },
    ],
    good: {
      "src/core/a.ts": `/** Date */ const x = { process: 1 }; export const y = x.process + Math.max(1, 2); // setTimeout`,
      "src/shell/a.ts": `const at = Date.now();`,
    },
  },
  {
    name: "no any",
    rule: code.noAny,
    bad: [{ "src/a.ts": `let x: any;` }, { "test/a.ts": `const x = y as any;` }, { "lab/a.ts": `let x: any[];` }],
    good: { "src/a.ts": `/** any */ const any = "any"; // any` },
  },
  {
    name: "no casts by way of another cast",
    rule: code.noDoubleCasts,
    bad: [{ "src/a.ts": `const x = y as unknown as string;` }],
    good: { "src/a.ts": `const x = [1] as const;` },
  },
  {
    name: "no default exports",
    rule: code.noDefaultExports,
    bad: [{ "src/a.ts": `export default 1;` }, { "lab/a.ts": `export default function f(): void {}` }],
    good: { "src/a.ts": `export function f(x: number): number { switch (x) { default: return 1; } }` },
  },
  {
    name: "no leftovers",
    rule: code.noLeftovers,
    bad: [
      { "src/a.ts": `// TODO: later` },
      { "native/a.cc": `// FIXME` },
      { "src/a.ts": `// XXX` },
      { "native/a.h": `/* HACK */` },
      { "src/a.ts": `console.log(1);` },
    ],
    good: { "src/a.ts": `const xxxHacked = "todo"; console.error(xxxHacked);` },
  },
  {
    name: "files are short",
    rule: code.fileLength,
    bad: [{ "src/a.ts": "x\n".repeat(401) }, { "native/a.cc": "x\n".repeat(401) }],
    good: { "src/a.ts": "x\n".repeat(400), "lab/a.ts": "x\n".repeat(401) },
  },
  {
    name: "files are named alike",
    rule: code.fileNames,
    bad: [
      { "src/core/groupRunner.ts": "" },
      { "src/group_runner.ts": "" },
      { "native/unique-fd.h": "" },
      { "native/reader.cpp": "" },
      { "src/core/index.ts": "" },
    ],
    good: { "src/core/group-runner.ts": "", "native/unique_fd.h": "", "test/a.test.ts": "", "native/.clang-tidy": "" },
  },
  {
    name: "files open with their purpose",
    rule: code.purposeFirst,
    bad: [{ "src/a.ts": `import "./b.js";` }, { "native/a.h": `#pragma once\n// Purpose.` }],
    good: { "src/a.ts": `/** Purpose. */`, "src/main.ts": `#!/usr/bin/env node\n/** P. */`, "native/a.h": `// P.` },
  },
  {
    name: "no dead source files",
    rule: whole.noDeadSource,
    bad: [
      { "src/main.ts": `import "./cli.js";`, "src/cli.ts": "", "src/core/forgotten.ts": "" },
      { "src/main.ts": "", "src/core/a.ts": `import "./b.js";`, "src/core/b.ts": `import "./a.js";` },
      { "src/cli.ts": "" },
    ],
    good: {
      "src/main.ts": `import { x } from "./a.js";`,
      "src/a.ts": `export type { Y } from "./b.js";`,
      "src/b.ts": "",
    },
  },
  {
    name: "every test is run, and every helper used",
    rule: whole.everyTestRuns(["test/a.test.ts"]),
    bad: [
      { "test/a.test.ts": "", "test/b.test.ts": "" },
      { "test/a.test.ts": "", "src/core/b.test.ts": "" },
      { "test/a.test.ts": "", "test/helper.ts": "" },
      { "test/a.test.ts": "", "test/b.test.mts": "" },
    ],
    good: {
      "test/a.test.ts": `import "./helper.js"; spawn("test/child.ts");`,
      "test/helper.ts": "",
      "test/child.ts": "",
    },
  },
  {
    name: "links between documents resolve",
    rule: whole.linksResolve,
    bad: [{ "README.md": "[x](docs/NO.md)" }, { "docs/a.md": "[x](README.md#y)", "README.md": "" }],
    good: {
      "README.md": "[x](docs/a.md#b) [y](https://example.org/) [z](docs/) [w](#here) `[v](no.md)`",
      "docs/a.md": "[x](../README.md)",
    },
  },
  {
    name: "no traces of somebody's machine",
    rule: whole.noMachinePaths,
    bad: [
      { "src/a.ts": `const file = "/work/shared/x.json";` },
      { "README.md": `cd /home/alice/pgvip` },
      { "docs/a.md": `/Users/alice/pgvip` },
      { "lab/a.ts": `"/root/.cache"` },
      { ".npmrc": `registry=http://localhost:4873/` },
    ],
    good: { "README.md": "network/working, https://example.org/work/, ~/pgvip, http://127.0.0.1:8008" },
  },
  {
    name: "no merge left half done",
    rule: whole.noConflictMarkers,
    bad: [
      { "src/a.ts": "const style = `\n<<<<<<< HEAD\n.a {}\n`;" },
      { "docs/a.md": "a\n=======\nb" },
      { "lab/a.sh": "a\n>>>>>>> branch\n" },
      { ".npmrc": "||||||| 1a2b3c4\n" },
    ],
    good: { "src/a.ts": "x <<<<<<< y\n// ======= z\n========\n| a |\n||||||||" },
  },
  {
    name: "packages come from npm's registry",
    rule: whole.lockedHosts,
    bad: [{ "package-lock.json": `"resolved": "http://localhost:4873/a/-/a-1.0.0.tgz"` }],
    good: { "package-lock.json": `"resolved": "https://registry.npmjs.org/a/-/a-1.0.0.tgz"` },
  },
];

/** The files that belong to the repository, whether or not git knows them yet; data is left out, it has no style. */
function readRepository(): Tree {
  const made = new Set([".git", "node_modules", "build", "dist", "prebuilds", "coverage"]);
  const text = /(^|\/)(\.[a-z-]+|[^.]+|.*\.(ts|mjs|js|cc|h|md|json|yml|yaml|sh|gyp|service|svg|txt|py|conf|1))$/;
  const tree = new Map<string, string>();
  const read = (folder: string): void => {
    for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
      const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
      // Also of files: in a linked worktree .git is one.
      if (made.has(entry.name)) continue;
      if (entry.isDirectory()) read(path);
      if (entry.isFile() && text.test(path)) tree.set(path, readFileSync(join(root, path), "utf8"));
    }
  };
  read("");
  return tree;
}

/** The findings alone: where in this file they came up is of no interest. */
class StyleError extends Error {
  constructor(findings: readonly string[]) {
    super(findings.join("\n"));
    this.stack = this.message;
  }
}

const repository = readRepository();
const rules = cases.map(({ name, rule }) => ({
  name,
  rule: name === "every test is run, and every helper used" ? whole.everyTestRuns(listTests()) : rule,
}));

for (const { name, rule } of rules) {
  test(name, () => {
    const findings = rule(repository);
    if (findings.length > 0) throw new StyleError(findings);
  });
}

test("each rule finds what it is for, and nothing else", () => {
  for (const { name, rule, bad, good } of cases) {
    for (const tree of bad) {
      assert.notDeepEqual(rule(new Map(Object.entries(tree))), [], `"${name}" missed ${JSON.stringify(tree)}`);
    }
    assert.deepEqual(rule(new Map(Object.entries(good))), [], name);
  }
});
