/** Completion as a shell sees it: what bash offers at each place, and that all scripts know all of the command line. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { after, before, describe, it } from "node:test";
import { buildProgram, runCli } from "../../src/cli.js";
import { type CommandOutline, allCommands, outlineOf } from "../../src/outline/outline.js";

async function pgvip(...args: readonly string[]): Promise<{ code: number; out: string; err: string }> {
  let [out, err] = ["", ""];
  const terminal = {
    environment: {},
    out: (text: string) => void (out += text),
    err: (text: string) => void (err += text),
  };
  const code = await runCli(args, terminal);
  return { code, out, err };
}

function outline(): CommandOutline {
  const terminal = { environment: {}, out: () => undefined, err: () => undefined };
  return outlineOf(buildProgram({ terminal, exitWith: () => undefined }));
}

describe("pgvip completion bash", () => {
  const directory = mkdtempSync(`${tmpdir()}/pgvip-completion-`);
  const script = `${directory}/pgvip.bash`;

  before(async () => {
    writeFileSync(script, (await pgvip("completion", "bash")).out);
  });

  after(() => {
    rmSync(directory, { recursive: true });
  });

  /** What is offered for the last word, in bash itself. */
  function offered(...words: readonly string[]): readonly string[] {
    const program = `source "$1" || exit
shift
complete -p pgvip >/dev/null || exit
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
_pgvip pgvip
printf '%s\\n' "\${COMPREPLY[@]}"`;
    const args = ["--norc", "--noprofile", "-c", program, "bash", script, ...words];
    const printed = execFileSync("bash", args, { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
    return printed.split("\n").filter((line) => line !== "");
  }

  it("offers the commands, by what is typed of them", () => {
    const commands = outline().commands.map(({ words }) => words.at(-1));
    assert.deepEqual(offered("pgvip", ""), commands);
    assert.deepEqual(offered("pgvip", "re"), ["resume", "release", "reload"]);
    assert.deepEqual(offered("pgvip", "--v"), ["--version"]);
    assert.deepEqual(offered("pgvip", "import", ""), ["keepalived", "vip-manager"]);
  });

  it("offers the options of the command that is being written", () => {
    assert.deepEqual(offered("pgvip", "run", "--patroni-c"), [
      "--patroni-config",
      "--patroni-ca",
      "--patroni-cert",
      "--patroni-connect-timeout",
    ]);
    assert.deepEqual(offered("pgvip", "import", "keepalived", "--c"), ["--config-id"]);
    assert.deepEqual(offered("pgvip", "status", "--role"), []);
  });

  it("offers the values of an option, also behind =", () => {
    assert.deepEqual(offered("pgvip", "run", "--role", "s"), ["sync", "standby-leader"]);
    // Bash makes three words of --role=s, and two of --role=.
    assert.deepEqual(offered("pgvip", "run", "--role", "=", "s"), ["sync", "standby-leader"]);
    assert.deepEqual(offered("pgvip", "run", "--transport", "="), ["multicast", "unicast"]);
    assert.deepEqual(offered("pgvip", "run", "--kernel-lease", ""), ["off"]);
    assert.deepEqual(offered("pgvip", "completion", ""), ["bash", "zsh", "fish"]);
    assert.deepEqual(offered("pgvip", "run", "--interface", ""), readdirSync("/sys/class/net").sort());
  });

  it("offers nothing where nothing can be guessed", () => {
    assert.deepEqual(offered("pgvip", "run", "--vip", ""), []);
    assert.deepEqual(offered("pgvip", "ping", ""), []);
    // The value of an option is no command.
    assert.deepEqual(offered("pgvip", "run", "--label", "import", "keep"), []);
  });
});

describe("pgvip completion", () => {
  for (const shell of ["bash", "zsh", "fish"]) {
    it(`knows every command and option in ${shell}`, async () => {
      const { code, out } = await pgvip("completion", shell);
      assert.equal(code, 0);
      for (const { words, options } of allCommands(outline())) {
        const name = words.join(shell === "zsh" ? "_" : " ");
        assert.ok(out.includes(shell === "zsh" ? name.replaceAll("-", "_") : name), name);
        for (const option of options.flatMap(({ names }) => names)) {
          assert.ok(out.includes(shell === "fish" ? option.replace(/^--?/, "") : option), option);
        }
      }
    });
  }

  it("refuses other shells by name", async () => {
    const { code, err } = await pgvip("completion", "tcsh");
    assert.equal(code, 2);
    assert.match(err, /tcsh.*bash, zsh, fish/);
  });
});
