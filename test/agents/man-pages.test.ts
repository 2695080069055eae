/** The manual pages as the formatter sees them: not a word of warning, and every command where `man` looks for it. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { it } from "node:test";
import { fileURLToPath } from "node:url";

const directory = fileURLToPath(new URL("../../docs/man", import.meta.url));

for (const file of readdirSync(directory)) {
  it(`${file} is formatted without a warning`, () => {
    const { stdout, stderr, status } = formatted(`${directory}/${file}`);
    assert.deepEqual([status, stderr], [0, ""]);
    for (const heading of ["NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "SEE ALSO"])
      assert.ok(stdout.includes(heading));
  });
}

it("warns of what is no manual page", () => {
  assert.match(formatted("-", ".NOSUCH x\n").stderr, /NOSUCH/);
});

it("shows options as they are typed", () => {
  const { stdout } = formatted(`${directory}/pgvip-run.1`);
  assert.match(stdout, /^ +--patroni-url <url>$/m);
  assert.match(stdout, /PGVIP_ROUTER_ID/);
});

/** As plain text, with every warning there is. */
function formatted(page: string, input = ""): { status: number | null; stdout: string; stderr: string } {
  return spawnSync("groff", ["-man", "-ww", "-Tascii", "-P-cbou", page], { input, encoding: "utf8" });
}
