/** Which process is the one whose end is the end of PostgreSQL's recovery: read from a proc(5) of files. */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { findRecovery } from "../../src/shell/recovery-watch.js";

const SERVER = ["/usr/lib/postgresql/15/bin/postgres", "-D", "/data", "--port=5432", "--cluster_name=demo"];

describe("the startup process of the server on a port", () => {
  let proc: string;

  beforeEach(() => {
    proc = mkdtempSync(join(tmpdir(), "pgvip-proc-"));
    add("self", { args: ["node"], parent: 1, network: "net:[1]" });
    add(100, { args: SERVER, parent: 1 });
    add(101, { args: ["postgres: demo: checkpointer "], parent: 100 });
  });

  afterEach(() => {
    rmSync(proc, { recursive: true });
  });

  interface Process {
    readonly args: readonly string[];
    readonly parent: number;
    readonly network?: string;
  }

  function add(pid: number | "self", { args, parent, network }: Process): void {
    const directory = join(proc, String(pid));
    mkdirSync(join(directory, "ns"), { recursive: true });
    writeFileSync(join(directory, "cmdline"), args.map((word) => `${word}\0`).join(""));
    // A name may have anything in it.
    writeFileSync(join(directory, "stat"), `${String(pid)} (a) S 7 (b) S ${String(parent)} 100 100 0 -1`);
    if (network !== undefined) symlinkSync(network, join(directory, "ns", "net"));
  }

  for (const title of [
    "postgres: startup ",
    "postgres: demo: startup ",
    "postgres: demo: startup recovering 000000010000000000000003",
    "postgres: demo: startup waiting for 000000010000000000000003",
  ]) {
    it(`is found by its title: ${title}`, () => {
      add(102, { args: [title], parent: 100 });
      assert.deepEqual(findRecovery(5432, proc), { pid: 102, server: 100 });
      assert.equal(findRecovery(543, proc), null, "of another port");
    });
  }

  for (const title of [
    "postgres: demo: startup demo 10.0.0.1(5000) idle",
    "postgres: demo: startup_user demo [local] idle",
    "postgres: demo: walreceiver streaming 0/3000148",
    "grep postgres: startup ",
  ]) {
    it(`is not any process with such a word: ${title}`, () => {
      add(102, { args: [title], parent: 100 });
      assert.equal(findRecovery(5432, proc), null);
    });
  }

  it("is not that of a server in a container, and none of two that may be meant", () => {
    add(102, { args: ["postgres: startup "], parent: 100, network: "net:[1]" });
    add(200, { args: SERVER, parent: 1 });
    add(202, { args: ["postgres: startup "], parent: 200, network: "net:[2]" });
    assert.deepEqual(findRecovery(5432, proc), { pid: 102, server: 100 });
    rmSync(join(proc, "202", "ns", "net"));
    assert.equal(findRecovery(5432, proc), null, "nobody may look where the second one is");
  });

  it("is not there when the server is no standby, or its files are gone in the middle of it", () => {
    assert.equal(findRecovery(5432, proc), null);
    add(102, { args: ["postgres: startup "], parent: 100 });
    rmSync(join(proc, "102", "stat"));
    assert.equal(findRecovery(5432, proc), null);
  });
});
