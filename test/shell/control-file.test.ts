/** Which control file is read, if any: that of the server in question, and never one that makes us wait. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { openControlFile } from "../../src/shell/control-file.js";

const SERVER = 4711;

describe("the control file of a server", () => {
  let data: string;
  let args: readonly string[];

  beforeEach(() => {
    data = mkdtempSync(join(tmpdir(), "pgvip-data-"));
    args = ["/usr/lib/postgresql/15/bin/postgres", "-D", data, "--port=5432"];
    mkdirSync(join(data, "global"));
    writeFileSync(join(data, "global", "pg_control"), "state");
    writeFileSync(join(data, "postmaster.pid"), `${String(SERVER)}\n${data}\n1764180000\n5432\n`);
  });

  afterEach(() => {
    rmSync(data, { recursive: true });
  });

  async function content(words = args): Promise<string | null> {
    const file = await openControlFile(SERVER, words);
    try {
      return file === null ? null : await file.readFile("utf8");
    } finally {
      await file?.close();
    }
  }

  it("is found in its data directory", async () => {
    assert.equal(await content(), "state");
  });

  it("is not that of another server, which runs in a directory of that name", async () => {
    writeFileSync(join(data, "postmaster.pid"), `1${String(SERVER)}\n${data}\n`);
    assert.equal(await content(), null);
    writeFileSync(join(data, "postmaster.pid"), "");
    assert.equal(await content(), null);
  });

  it("is not sought where the command line does not say", async () => {
    assert.equal(await content(["postgres", "--port=5432"]), null);
    assert.equal(await content(["postgres", "-D"]), null);
    assert.equal(await content([data, "--port=5432"]), null);
  });

  it("is not there where it, or anything before it, cannot be read", async () => {
    rmSync(join(data, "global", "pg_control"));
    assert.equal(await content(), null);
    rmSync(join(data, "postmaster.pid"));
    assert.equal(await content(), null);
  });

  it("is not waited for when a FIFO has its place", async () => {
    rmSync(join(data, "postmaster.pid"));
    execFileSync("mkfifo", [join(data, "postmaster.pid")]);
    assert.equal(await content(), null);
  });
});
