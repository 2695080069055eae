/** `pgvip --version` with the addon, and in a copy of the program that has none. */
import assert from "node:assert/strict";
import { cpSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { tryCommand } from "../../lab/command.js";

const root = fileURLToPath(new URL("../../", import.meta.url));

describe("pgvip --version", () => {
  it("tells the versions of Node-API that the addon needs and that Node.js has", async () => {
    const { code, stdout } = await tryCommand(process.execPath, [`${root}dist/main.js`, "--version"]);
    assert.equal(code, 0);
    const [, needed, has] = /^addon Node-API (\d+) \(this Node\.js has (\d+)\)$/m.exec(stdout) ?? [];
    assert.ok(Number(needed) >= 8 && Number(has) >= Number(needed), stdout);
  });

  it("says that the addon is missing, and how to mend it, and does not fail", async () => {
    const copy = mkdtempSync(`${tmpdir()}/pgvip-without-addon-`);
    try {
      cpSync(`${root}dist`, `${copy}/dist`, { recursive: true });
      cpSync(`${root}package.json`, `${copy}/package.json`);
      symlinkSync(`${root}node_modules`, `${copy}/node_modules`);
      // A run under sanitizers has an addon of its own by this variable.
      const words = ["-u", "PGVIP_PREBUILD", process.execPath, `${copy}/dist/main.js`, "--version"];
      const { code, stdout, stderr } = await tryCommand("env", words);
      assert.deepEqual([code, stderr], [0, ""]);
      assert.match(
        stdout,
        /^\d+\.\d+\.\d+\naddon missing: no native addon for linux-.*npm rebuild pgvip.*\nNode\.js \d/,
      );
    } finally {
      rmSync(copy, { recursive: true });
    }
  });
});
