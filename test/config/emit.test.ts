/** What is derived from the schema and kept in the repository must be up to date; `npm run docs` brings it there. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { jsonSchema, settingsTable, withTable } from "../../src/config/emit.js";
import { fields } from "../../src/config/fields.js";

test("the documentation's table of settings is that of the schema", () => {
  const page = read("docs/configuration.md");
  assert.notEqual(withTable(page), null, "docs/configuration.md has lost its <!-- config --> markers");
  assert.equal(page, withTable(page), "docs/configuration.md is stale: npm run docs");
});

test("docs/config.schema.json is that of the schema", async () => {
  assert.deepEqual(JSON.parse(read("docs/config.schema.json")), await jsonSchema(), "stale: npm run docs");
});

test("the table goes between the markers, and only there", () => {
  const text = "before\n<!-- config -->\nold\n<!-- /config -->\nafter\n";
  assert.equal(
    withTable(text),
    `before\n<!-- config -->\n\n<!-- prettier-ignore -->\n${settingsTable()}\n\n<!-- /config -->\nafter\n`,
  );
  assert.equal(withTable("no markers"), null);
});

test("every setting has a description, and a name of its own everywhere", () => {
  const all = fields();
  for (const { path, about } of all) assert.match(about, /^[A-Z].*\.$/, path);
  assert.equal(new Set(all.map(({ flag, path }) => flag ?? path)).size, all.length);
  assert.equal(new Set(all.map(({ variable }) => variable)).size, all.length);
});

test("no secret can be given as a flag, nor what means nothing without the file", () => {
  const flagless = fields().filter(({ flag }) => flag === null);
  assert.deepEqual(
    flagless.map(({ path }) => path),
    ["vips[].cluster", "vips[].auth_pass", "vips[].auth_keys", "patroni.password"],
  );
});

test("the JSON Schema describes each setting and refuses unknown ones", async () => {
  const schema = JSON.stringify(await jsonSchema());
  for (const { about } of fields()) assert.ok(schema.includes(JSON.stringify(about)), about);
  assert.equal(schema.split(`"additionalProperties":false`).length - 1, 4);
  assert.doesNotMatch(schema, /placeholder/);
});

function read(file: string): string {
  return readFileSync(new URL(`../../${file}`, import.meta.url), "utf8");
}
