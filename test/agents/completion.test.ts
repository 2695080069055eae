/** Completion in the shells themselves: a person types on a terminal, presses Tab, and reads the screen. */
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import type { Host } from "../../lab/host.js";
import { Lab } from "../../lab/network.js";
import { PseudoTerminal } from "./pseudo-terminal.js";

const program = fileURLToPath(new URL("../../dist/main.js", import.meta.url));
const SIZE = [100, 30] as const;
const TAB = "\t";
const CTRL_U = "\u0015";

describe("completion", () => {
  const terminals: PseudoTerminal[] = [];
  let lab: Lab;
  let host: Host;

  before(async () => {
    lab = await Lab.create([{ name: "desk", addresses: ["192.0.2.1/24"] }]);
    host = lab.host("desk");
    mkdirSync(`${host.directory}/files`);
    writeFileSync(`${host.directory}/files/some-nodes.yml`, "");
  });

  after(async () => {
    for (const terminal of terminals) await terminal.kill();
    await lab.close();
  });

  async function script(shell: string): Promise<string> {
    const { stdout, code } = await host.exec(process.execPath, [program, "completion", shell]);
    assert.equal(code, 0);
    const file = `${host.directory}/completion.${shell}`;
    writeFileSync(file, stdout);
    return file;
  }

  /** A shell that shows `ready>` and completes. */
  async function shell(command: readonly string[], setUp: string): Promise<PseudoTerminal> {
    const terminal = new PseudoTerminal(host, SIZE, command);
    terminals.push(terminal);
    terminal.type(`${setUp}; PS1="ready> "; clear\n`);
    await terminal.shows(/^ready>\s*$/m);
    return terminal;
  }

  async function completesAll(terminal: PseudoTerminal): Promise<void> {
    for (const [typed, shown] of [
      [`pgvip supp${TAB}`, /pgvip support-bundle $/m],
      [`pgvip import ke${TAB}`, /pgvip import keepalived $/m],
      [`pgvip run --promote-g${TAB}`, /pgvip run --promote-grace[ =]$/m],
      [`pgvip run --role standby${TAB}`, /pgvip run --role standby-leader $/m],
      [`pgvip run --role=standby${TAB}`, /pgvip run --role=standby-leader $/m],
      [`pgvip check --config ${host.directory}/files/so${TAB}`, /files\/some-nodes\.yml/m],
    ] as const) {
      terminal.type(CTRL_U + typed);
      await terminal.shows(shown);
    }
  }

  it("works in bash", async () => {
    const file = await script("bash");
    await completesAll(await shell(["bash", "--norc", "--noprofile", "-i"], `source ${file}`));
  });

  it("works in zsh", async () => {
    const file = await script("zsh");
    const directory = `ZDOTDIR=${host.directory}`;
    const setUp = `autoload -Uz compinit; compinit -u -D; source ${file}`;
    await completesAll(await shell(["env", directory, "zsh", "-f", "-i"], setUp));
  });

  it("works in zsh from a directory of functions", async () => {
    const { stdout } = await host.exec(process.execPath, [program, "completion", "zsh"]);
    const functions = `${host.directory}/functions`;
    mkdirSync(functions);
    writeFileSync(`${functions}/_pgvip`, stdout);
    const setUp = `fpath=(${functions} $fpath); autoload -Uz compinit; compinit -u -D`;
    await completesAll(await shell(["zsh", "-f", "-i"], setUp));
  });

  it("works in fish", async () => {
    const file = await script("fish");
    const offered = async (typed: string): Promise<readonly string[]> => {
      const words = ["--no-config", "-c", `source ${file}; complete -C ${JSON.stringify(typed)}`];
      const { stdout } = await host.exec("env", [`HOME=${host.directory}`, "fish", ...words]);
      return stdout.split("\n").flatMap((line) => (line === "" ? [] : [line.split("\t")[0] ?? ""]));
    };
    assert.deepEqual(await offered("pgvip supp"), ["support-bundle"]);
    assert.deepEqual(await offered("pgvip import "), ["keepalived", "vip-manager"]);
    assert.deepEqual(await offered("pgvip run --promote-g"), ["--promote-grace"]);
    assert.deepEqual(await offered("pgvip run --role s"), ["standby-leader", "sync"]);
    assert.deepEqual(await offered("pgvip run --role=st"), ["--role=standby-leader"]);
    assert.deepEqual(await offered("pgvip run --interface "), ["eth0", "lo"]);
    assert.deepEqual(await offered("pgvip run --vip "), []);
    const files = `${host.directory}/files`;
    assert.deepEqual(await offered(`pgvip check --config ${files}/so`), [`${files}/some-nodes.yml`]);
    assert.deepEqual(await offered(`pgvip import keepalived ${files}/so`), [`${files}/some-nodes.yml`]);
  });
});
