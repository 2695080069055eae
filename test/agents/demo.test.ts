/** `npm run demo` as a person sees it, on a pseudo-terminal: it plays to its table, and leaves nothing, also after Ctrl-C. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { labProgram, LabProcess } from "../../lab/process.js";
import { labDirectory } from "../../lab/sweep.js";
import { PseudoTerminal, type TerminalPlace } from "./pseudo-terminal.js";

/** The demo makes its own hosts, so that it runs on none. */
const here: TerminalPlace = {
  spawnPiped(command, args, { env }) {
    const environment = { ...process.env, ...env };
    const child = spawn(command, args, { stdio: ["pipe", "pipe", "inherit"], detached: true, env: environment });
    return new LabProcess(command, child);
  },
};

/** A machine that is busy with other things takes its time to make the lab, to promote, and to stream again. */
const patienceMs = 90_000;

describe("the demo", () => {
  const terminals: PseudoTerminal[] = [];
  let directory: string;

  before(() => {
    directory = mkdtempSync(join(tmpdir(), "pgvip-demo-"));
  });

  after(async () => {
    for (const terminal of terminals) await terminal.kill();
    rmSync(directory, { recursive: true });
  });

  /** The demo, and the names that its namespaces begin with once it has told its process id. */
  function open(name: string): { readonly terminal: PseudoTerminal; readonly lab: () => string } {
    const file = join(directory, name);
    const told = 'echo $$ >"$0"; exec "$@"';
    const terminal = new PseudoTerminal(here, [140, 50], ["sh", "-c", told, file, ...demo]);
    terminals.push(terminal);
    return { terminal, lab: () => `pgvip${readFileSync(file, "utf8").trim()}-1` };
  }

  it("plays both tests of the article and ends with a table", async () => {
    const { terminal, lab } = open("played");
    await terminal.shows(/test 1: pgpat\d took its first write/, patienceMs);
    assert.equal(namespacesOf(lab()).length, 6);
    await terminal.shows(/test 2: pgpat\d took its first write/, patienceMs);
    const { status, modesRestored } = await terminal.ended();
    const shown = terminal.screen.join("\n");
    assert.equal(status, 0, shown);
    assert.ok(modesRestored && terminal.isOrdinary);
    assert.equal([...shown.matchAll(/connection test: .*pgpat\d took a write/g)].length, 2, shown);
    assert.match(shown, /^ +test 1: pgpat1 → pgpat2 +test 2: pgpat2 → pgpat1$/m);
    assert.match(shown, /^echoes lost +\d+ +\d+$/m);
    assert.match(shown, /^added by the VIP +-?[\d.]+ ms +-?[\d.]+ ms$/m);
    assertGone(lab());
  });

  it("takes everything away when it is interrupted in the middle", async () => {
    const { terminal, lab } = open("interrupted");
    await terminal.shows(/test 1: Patroni is stopped on the leader/, patienceMs);
    assert.equal(namespacesOf(lab()).length, 6);
    terminal.type("\u0003");
    const { status, modesRestored } = await terminal.ended();
    assert.equal(status, 130, terminal.screen.join("\n"));
    assert.ok(modesRestored && terminal.isOrdinary);
    assert.doesNotMatch(terminal.screen.join("\n"), /Error|echoes lost +\d/);
    assertGone(lab());
  });
});

const [command, args] = labProgram("demo.ts");
const demo = [command, ...args];

function namespacesOf(lab: string): string[] {
  return readdirSync("/run/netns").filter((name) => name.startsWith(`${lab}-`));
}

function assertGone(lab: string): void {
  assert.deepEqual(namespacesOf(lab), []);
  assert.equal(existsSync(labDirectory(lab)), false, labDirectory(lab));
}
