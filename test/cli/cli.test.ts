/** The command line as people use it: what is printed, and the exit code. The agent itself is tested in test/agents and test/e2e. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { after, describe, it } from "node:test";
import { runCli } from "../../src/cli.js";
import { serveControl } from "../../src/shell/control-socket.js";
import type { StatusDocument } from "../../src/status.js";
import { VERSION } from "../../src/version.js";

const directory = mkdtempSync(`${tmpdir()}/pgvip-cli-`);
after(() => {
  rmSync(directory, { recursive: true });
});

interface Result {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

async function pgvip(args: readonly string[], environment: Readonly<Record<string, string>> = {}): Promise<Result> {
  let [out, err] = ["", ""];
  const terminal = {
    environment,
    out: (text: string) => void (out += text),
    err: (text: string) => void (err += text),
  };
  const code = await runCli(args, terminal);
  return { code, out, err };
}

describe("pgvip", () => {
  it("tells its version, or that its addon is missing", async () => {
    const { code, out, err } = await pgvip(["--version"]);
    assert.deepEqual([code, err], [0, ""]);
    const [version, addon, node] = out.split("\n");
    assert.equal(version, VERSION);
    // Unit tests run without the addon as well; test/agents/version.test.ts tries both.
    assert.match(addon ?? "", /^addon (Node-API \d+ \(this Node\.js has \d+\)|missing: .*npm rebuild pgvip)/);
    assert.equal(node, `Node.js ${process.version.slice(1)}`);
    assert.deepEqual(await pgvip(["-V"]), { code, out, err });
  });

  it("lists its commands", async () => {
    const { code, out } = await pgvip(["--help"]);
    assert.equal(code, 0);
    for (const command of ["run", "check", "status", "doctor", "listen", "ping", "drill"])
      assert.match(out, new RegExp(`^  ${command} `, "m"));
  });

  it("refuses what it does not know", async () => {
    for (const args of [["dance"], ["run", "--dance"], []]) {
      assert.equal((await pgvip(args)).code, 2, args.join(" "));
    }
  });
});

describe("pgvip check", () => {
  it("needs no more than a VIP", async () => {
    const { code, out } = await pgvip(["check", "--vip", "10.186.157.199/24"]);
    assert.equal(code, 0);
    assert.match(out, /The configuration is valid/);
    assert.match(out, /10\.186\.157\.199\/24/);
  });

  const wrong: readonly (readonly [what: string, args: readonly string[], message: RegExp])[] = [
    ["a VIP without prefix length", ["--vip", "10.0.0.1"], /10\.0\.0\.1/],
    ["a VIP that is no address", ["--vip", "10.0.0.300/24"], /10\.0\.0\.300\/24/],
    ["a router ID out of range", ["--vip", "10.0.0.1/24", "--router-id", "256"], /256.*1.*255/s],
    ["a label that is too long", ["--vip", "10.0.0.1/24", "--label", "eth0:12345678901"], /15/],
    ["a URL of another kind", ["--vip", "10.0.0.1/24", "--patroni-url", "ftp://127.0.0.1"], /ftp:\/\/127\.0\.0\.1/],
    ["a duration without unit", ["--vip", "10.0.0.1/24", "--lease", "1000"], /unit/],
    ["no VIP", [], /--vip/],
  ];
  for (const [what, args, message] of wrong) {
    it(`refuses ${what}`, async () => {
      const { code, err } = await pgvip(["check", ...args]);
      assert.equal(code, 2);
      assert.match(err, message);
    });
  }

  it("tells every error of a file at once, each with its place", async () => {
    const file = `${directory}/wrong.yml`;
    writeFileSync(file, "vips:\n  - adress: 10.0.0.1/24\n    router_id: 0\nsockt: /run/x\n");
    const { code, err } = await pgvip(["check", "--config", file]);
    assert.equal(code, 2);
    for (const part of ["adress", "router_id", "sockt", `${file}:`]) assert.ok(err.includes(part), `${part} in ${err}`);
  });

  it("takes settings from the environment", async () => {
    const { code, out } = await pgvip(["check"], { PGVIP_VIP: "10.0.0.1/24", PGVIP_ROUTER_ID: "77" });
    assert.equal(code, 0);
    assert.match(out, /77/);
  });
});

describe("pgvip status", () => {
  it("says when no agent runs", async () => {
    const { code, err } = await pgvip(["status", "--socket", `${directory}/nobody.sock`]);
    assert.equal(code, 2);
    assert.match(err, /no agent answers on .*nobody\.sock/);
  });

  it("prints what the agent says, for people and for scripts, and an alarm in its exit code", async () => {
    const socket = `${directory}/agent.sock`;
    let document = statusWith([]);
    const server = await serveControl(socket, { status: () => document });
    try {
      const people = await pgvip(["status", "--socket", socket]);
      assert.equal(people.code, 0);
      assert.match(people.out, /10\.0\.0\.100\/24 +HERE/);
      const scripts = await pgvip(["status", "--json", "--socket", socket]);
      assert.deepEqual(JSON.parse(scripts.out), document);
      document = statusWith([{ code: "conflict", since: "2026-01-01T00:00:00.000Z", text: "10.0.0.2 claims the VIP" }]);
      const alarmed = await pgvip(["status", "--socket", socket]);
      assert.equal(alarmed.code, 1);
      assert.match(alarmed.out, /ALARM +10\.0\.0\.2 claims the VIP/);
    } finally {
      await server.close();
    }
  });
});

describe("pgvip status, its exit code", () => {
  const cases: readonly (readonly [state: string, code: number])[] = [
    ["holder", 0],
    ["standby", 0],
    ["starting", 0],
    ["stopped", 0],
    ["lameDuck", 1],
    ["fault", 1],
  ];
  for (const [state, code] of cases) {
    it(`is ${String(code)} in state ${state}, with --json too`, async () => {
      const [group] = statusWith([]).groups;
      assert.ok(group !== undefined);
      const socket = `${directory}/${state}.sock`;
      const server = await serveControl(socket, {
        status: () => ({ ...statusWith([]), groups: [{ ...group, state }] }),
      });
      try {
        assert.equal((await pgvip(["status", "--socket", socket])).code, code);
        assert.equal((await pgvip(["status", "--json", "--socket", socket])).code, code);
      } finally {
        await server.close();
      }
    });
  }

  it("is 1 for an agent whose answer this version cannot read", async () => {
    const socket = `${directory}/other.sock`;
    const server = await serveControl(socket, { status: () => ({ ...statusWith([]), version: 2 }) });
    try {
      const { code, err } = await pgvip(["status", "--socket", socket]);
      assert.equal(code, 1);
      assert.match(err, /answered with a status that this version cannot read/);
    } finally {
      await server.close();
    }
  });
});

describe("pgvip history, its exit code", () => {
  it("is 0 with a history, and tells as much of it as was asked for", async () => {
    const state = mkdtempSync(`${directory}/state-`);
    const entry = (text: string): string =>
      JSON.stringify({ at: "2026-01-01T00:00:00.000Z", group: "10.0.0.100", kind: "notice", reason: "word", text });
    writeFileSync(`${state}/history.jsonl`, `${entry("first")}\n${entry("second")}\nbroken`);
    const all = await pgvip(["history", "--state-directory", state]);
    assert.deepEqual([all.code, all.err], [0, ""]);
    assert.match(all.out, /first \(word\)\n.*second \(word\)\n$/);
    const last = await pgvip(["history", "--state-directory", state, "-n", "1", "--json"]);
    assert.deepEqual(last, { code: 0, out: `${entry("second")}\n`, err: "" });
  });

  it("is 1 without one, and 2 for a count that is none", async () => {
    const none = await pgvip(["history", "--state-directory", `${directory}/nowhere`]);
    assert.equal(none.code, 1);
    assert.match(none.err, /no history: ENOENT/);
    const wrong = await pgvip(["history", "-n", "0"]);
    assert.equal(wrong.code, 2);
    assert.match(wrong.err, /-n, --lines.*whole number from 1 on/);
  });
});

function statusWith(alarms: StatusDocument["groups"][number]["alarms"]): StatusDocument {
  const instant = "2026-01-01T00:00:00.000Z";
  return {
    version: 1,
    agent: { pid: 1, version: VERSION, startedAt: instant },
    groups: [
      {
        name: "10.0.0.100",
        cluster: null,
        role: "primary",
        vips: ["10.0.0.100/24"],
        interface: "eth0",
        virtualMacs: [],
        routerId: 51,
        state: "holder",
        since: instant,
        reason: "Patroni says so",
        maintenance: null,
        holder: { address: "10.0.0.1", name: "pg1", self: true, priority: 254, lastAdvertAt: null },
        patroni: {
          verdict: "writable",
          text: "Patroni says so",
          answeredAt: instant,
          scope: "demo",
          member: "pg1",
          timeline: 1,
          paused: false,
        },
        peers: [],
        alarms,
        counters: { takeOvers: 1 },
        lastTransition: null,
      },
    ],
    drops: {},
  };
}
