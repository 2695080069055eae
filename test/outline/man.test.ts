/** The manual pages in docs/man are those of today's commands, and are installed with the package. */
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { it } from "node:test";
import { fileURLToPath } from "node:url";
import * as v from "valibot";
import { pgvipManPages } from "../../src/man-emit.js";
import { manPages } from "../../src/outline/man.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const packageJson = v.object({ man: v.array(v.string()) });

it("docs/man is what the definitions say (npm run docs)", () => {
  const pages = pgvipManPages();
  for (const { file, text } of pages) assert.equal(readFileSync(`${root}/docs/man/${file}`, "utf8"), text, file);
  assert.deepEqual(readdirSync(`${root}/docs/man`), pages.map(({ file }) => file).sort());
});

it("package.json lists every page", () => {
  const { man } = v.parse(packageJson, JSON.parse(readFileSync(`${root}/package.json`, "utf8")));
  assert.deepEqual(
    man,
    pgvipManPages()
      .map(({ file }) => `docs/man/${file}`)
      .sort(),
  );
});

it("tells exit codes, remarks, headings and defaults", () => {
  const text = (file: string): string => pgvipManPages().find((page) => page.file === file)?.text ?? "";
  assert.match(text("pgvip.1"), /^Exit codes: 0 fine/m);
  assert.match(text("pgvip-run.1"), /^Each setting is an environment variable as well/m);
  assert.match(text("pgvip-run.1"), /^\.SH "PATRONI"\n\.TP\n\\fB\\-\\-patroni\\-url\\fR \\fI<url>\\fR/m);
  assert.match(text("pgvip-import.1"), /^\.SH IMPORT KEEPALIVED$/m);
});

it("leaves nothing in a text that the formatter would take for itself", () => {
  const command = { usage: "[x]", options: [], arguments: [], commands: [] };
  const program = { ...command, words: ["tool"], about: ".so it's a\\b" };
  const [page] = manPages(program, () => "'quoted\n\n.sh begins this\n");
  assert.match(page?.text ?? "", /^tool \\- \\&\.so it\\\(aqs a\\eb$/m);
  assert.match(page?.text ?? "", /^\\\(aqquoted\n\.PP\n\\&\.sh begins this$/m);
});
