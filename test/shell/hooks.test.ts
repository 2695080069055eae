/** Hooks are real programs, run as the agent runs them. */
import assert from "node:assert/strict";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import path from "node:path";
import { type TestContext, test } from "node:test";
import { pino } from "pino";
import * as v from "valibot";
import type { HookConfig } from "../../src/config/config.js";
import type { PhaseKind, Reason, Report } from "../../src/core/types.js";
import { PgvipError } from "../../src/errors.js";
import { Hooks, hookUser } from "../../src/shell/hooks.js";

const GROUP = "10.0.0.100,fd00::100";
const times = { startedAtMs: 0, addressAtMs: 0, announcedAtMs: 0, advertisedAtMs: 0 };
const tookOver: Report = { kind: "tookOver", times };
const none: HookConfig = { acquire: null, release: null, fault: null, user: null, timeoutMs: 10_000 };
const line = v.object({ msg: v.string() });

function transition(from: PhaseKind, to: PhaseKind, reason: Reason = "not-leader"): Report {
  const instants = { askedAtMs: null, answeredAtMs: null, decidedAtMs: 0 };
  return { kind: "transition", from, to, reason, text: "because", ...instants };
}

/** Whether it runs; a zombie that nobody waits for does not. */
function isAlive(pid: number): boolean {
  const stat = `/proc/${String(pid)}/stat`;
  return existsSync(stat) && !/\) Z /.test(readFileSync(stat, "utf8"));
}

/** A shell script, and a directory that anybody may write to. */
function bench(t: TestContext, script: string) {
  const directory = mkdtempSync(path.join(tmpdir(), "pgvip-hooks-"));
  t.after(() => {
    rmSync(directory, { recursive: true });
  });
  chmodSync(directory, 0o777);
  const program = path.join(directory, "hook.sh");
  writeFileSync(program, `#!/bin/sh\n${script}\n`);
  chmodSync(program, 0o755);
  const lines: string[] = [];
  const log = pino({}, { write: (text: string) => lines.push(v.parse(line, JSON.parse(text)).msg) });
  const out = path.join(directory, "out");
  const make = (config: Partial<HookConfig>): Hooks => new Hooks({ ...none, ...config }, log);
  return { directory, program, out, lines, make, written: () => (existsSync(out) ? readFileSync(out, "utf8") : "") };
}

test("each program gets its event, in order, on its input and in its environment", async (t) => {
  const { program, out, written, make, lines } = bench(
    t,
    'echo "$1 $PGVIP_EVENT $PGVIP_EVENT_VIPS" >>"$2"; cat >>"$2"; env >"$2.env"',
  );
  const hook = (word: string) => [program, word, out];
  const hooks = make({ acquire: hook("a b"), release: hook("r"), fault: hook("f") });
  hooks.note(GROUP, transition("standby", "holder", "primary-writable"));
  hooks.note(GROUP, tookOver);
  // Put back, or renewed: no news.
  hooks.note(GROUP, tookOver);
  hooks.note(GROUP, transition("holder", "lameDuck"));
  hooks.note(GROUP, transition("lameDuck", "standby", "claim"));
  hooks.note(GROUP, transition("standby", "fault", "link-down"));
  await hooks.finished();
  const text = written().split("\n");
  assert.deepEqual(
    text.filter((_, index) => index % 2 === 0),
    ["a b acquire 10.0.0.100 fd00::100", "r release 10.0.0.100 fd00::100", "f fault 10.0.0.100 fd00::100", ""],
  );
  const { at, ...event } = JSON.parse(text[3] ?? "") as Record<string, unknown>;
  assert.match(String(at), /^20.*Z$/);
  const vips = ["10.0.0.100", "fd00::100"];
  assert.deepEqual(event, { event: "release", group: GROUP, vips, state: "standby", reason: "claim", text: "because" });
  assert.equal(lines.length, 3);
  // Passwords may be in the agent's own environment.
  assert.ok(!readFileSync(`${out}.env`, "utf8").includes("HOME="));
});

test("who never had the VIP does not let it go, and one that is kept on purpose is not let go", async (t) => {
  const { program, out, written, make } = bench(t, 'echo "$PGVIP_EVENT" >>"$1"');
  const hooks = make({ acquire: [program, out], release: [program, out] });
  hooks.note(GROUP, transition("starting", "standby"));
  hooks.note(GROUP, transition("standby", "holder"));
  hooks.note(GROUP, tookOver);
  hooks.note(GROUP, transition("holder", "stopped", "stop-keep"));
  await hooks.finished();
  assert.equal(written(), "acquire\n");
});

test("a program that takes too long is killed with all that it started, and the next one is run", async (t) => {
  const { program, out, written, make, lines } = bench(t, 'sleep 60 & echo $! >>"$1"; wait');
  const hooks = make({ fault: [program, out], timeoutMs: 300 });
  hooks.note(GROUP, transition("standby", "fault"));
  hooks.note(GROUP, transition("standby", "fault"));
  while (lines.length < 2) await new Promise((resolve) => setTimeout(resolve, 10));
  const started = written().trim().split("\n").map(Number);
  assert.equal(started.length, 2);
  while (started.some(isAlive)) await new Promise((resolve) => setTimeout(resolve, 10));
  assert.match(lines[0] ?? "", /was killed after 300 ms/);
});

test("failures are logged with what the program said", async (t) => {
  const { program, make, lines } = bench(t, "echo no such pool >&2; exit 3");
  const hooks = make({ fault: [program], acquire: ["/nowhere/at/all"] });
  hooks.note(GROUP, transition("standby", "fault"));
  hooks.note(GROUP, transition("standby", "holder"));
  hooks.note(GROUP, tookOver);
  await hooks.finished();
  assert.match(lines[0] ?? "", /on_fault: .*hook\.sh ended with exit code 3: no such pool$/);
  assert.match(lines[1] ?? "", /on_acquire: spawn \/nowhere\/at\/all ENOENT/);
});

test("events that wait are bounded", async (t) => {
  const { program, out, written, make, lines } = bench(t, 'echo x >>"$1"');
  const hooks = make({ fault: [program, out] });
  for (let count = 0; count < 50; count += 1) hooks.note(GROUP, transition("standby", "fault"));
  await hooks.finished();
  assert.ok(written().length / 2 <= 33);
  assert.match(lines[0] ?? "", /is not run: 32 others wait already/);
});

test("another user, without the groups of the agent", async (t) => {
  // Without root there is no other user to become.
  const isRoot = process.getuid?.() === 0;
  const user = isRoot ? "nobody" : userInfo().username;
  const { program, out, written, make } = bench(t, 'id -u >"$1"; id -g >>"$1"; id -G >>"$1"');
  const hooks = make({ fault: [program, out], user });
  hooks.note(GROUP, transition("standby", "fault"));
  await hooks.finished();
  const { uid, gid } = hookUser({ ...none, user }) ?? { uid: -1, gid: -1 };
  assert.match(written(), new RegExp(`^${String(uid)}\n${String(gid)}\n${isRoot ? `${String(gid)}\n$` : ""}`));
});

test("a user that this host does not have", () => {
  assert.throws(
    () => hookUser({ ...none, user: "--help" }),
    (error) => error instanceof PgvipError && error.code === "CONFIG" && error.message.includes("--help"),
  );
});
