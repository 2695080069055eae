/** `pgvip drill` from a client's host: asked for, watched, and refused when the cluster is not fit for it. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { PgvipAgents } from "../../lab/agents.js";
import { Stage } from "../../lab/stage.js";
import { vip, vipCidr } from "../../lab/topology.js";
import { until } from "../../lab/wait.js";
import type { DrillResult } from "../../src/diagnose/drill.js";
import { drillHtml } from "../../src/diagnose/drill-html.js";
import { planDrill } from "../../src/diagnose/drill-plan.js";
import { parseMembers, parseStatus } from "../../src/wire/patroni.js";
import { addedOutage } from "../../lab/findings.js";
import { PseudoTerminal } from "../agents/pseudo-terminal.js";

const program = fileURLToPath(new URL("../../dist/main.js", import.meta.url));
/** Far above what is measured on a quiet machine, far below what any retry of a client costs. */
const MAX_SHARE_MS = 500;

for (const backend of ["stand-in", "postgres"] as const) {
  describe(`pgvip drill (${backend})`, () => {
    const agents = new PgvipAgents({ vips: [vipCidr] });
    const terminals: PseudoTerminal[] = [];
    let stage: Stage;

    before(async () => {
      const postgres = { pace: { ttlSeconds: 20, loopWaitSeconds: 2, retryTimeoutSeconds: 3 } };
      stage = await Stage.open({ backend, manager: agents, ...(backend === "postgres" ? { postgres } : {}) });
    });

    after(async () => {
      for (const terminal of terminals) await terminal.kill();
      await stage.close();
    });

    function words(leader: string, args: readonly string[]): string[] {
      const url = `http://${stage.cluster.node(leader).address}:8008`;
      return [program, "drill", "--vip", vipCidr, "--patroni-url", url, ...args];
    }

    function drill(leader: string, ...args: readonly string[]) {
      return stage.topology.client.exec(process.execPath, words(leader, args), { timeoutMs: 90_000 });
    }

    async function settled(): Promise<string> {
      const leader = await stage.cluster.waitHealthy();
      await stage.watch.holder(leader);
      // Patroni's list of members is as old as its last loop.
      await until("Patroni calls the cluster fit for a drill", async () => {
        const reply = await stage.cluster.ask(leader, "GET", "/cluster");
        const members = reply.kind === "failed" ? null : parseMembers(reply.body);
        const plan =
          members?.ok === true ? planDrill(members.value, false, { candidate: null, maxLagBytes: 1e6 }) : null;
        return plan?.kind === "ready" && plan.leader.name === leader;
      });
      return leader;
    }

    function assertTold(result: DrillResult, from: string): void {
      const told = JSON.stringify(result, null, 1);
      assert.equal(result.from, from);
      assert.notEqual(result.to, from);
      assert.equal(result.vip, vip);
      assert.ok(result.ownShareMs !== null && result.ownShareMs < MAX_SHARE_MS, told);
      assert.ok(result.writableMs !== null && result.servedMs !== null, told);
      const at = (actor: string, text: RegExp): number => {
        const event = result.events.find((one) => one.actor === actor && one.atMs > 0 && text.test(one.text));
        assert.ok(event !== undefined, `${String(text)} in ${told}`);
        return event.atMs;
      };
      const writable = at("Patroni", new RegExp(`^${result.to}: leads, and PostgreSQL takes writes`));
      const holds = at("VIP", new RegExp(`^${result.to}: holds the VIP`));
      at("ARP", /10\.186\.157\.199: is at/);
      // The same, drawn: the leader's lanes change hands, and nothing is told twice.
      const lane = (name: string): readonly string[] => {
        const found = result.lanes.find((one) => one.name === name);
        assert.ok(found !== undefined, `${name} in ${told}`);
        return found.spans.map(({ state }) => state);
      };
      assert.deepEqual([lane(`Patroni ${from}`)[0], lane(`Patroni ${result.to}`)[0]], ["leader", "replica"]);
      assert.equal(lane(`Patroni ${result.to}`).at(-1), "leader");
      assert.equal(lane(`PostgreSQL ${result.to}`).at(-1), "primary");
      assert.equal(lane(`VIP ${result.to}`).at(-1), "held");
      assert.equal(lane(`VIP ${from}`)[0], "held");
      assert.ok(lane("client: tcp 5432").includes("answered"));
      assert.ok(result.lanes.find(({ name }) => name === "ARP")!.marks.length > 0);
      const texts = result.events.filter(({ actor }) => actor === "VIP").map(({ text }) => text);
      assert.equal(texts.filter((text) => text === `${result.to}: holds the VIP`).length, 1, told);
      assert.equal(writable, result.writableMs);
      assert.ok(holds <= result.servedMs);
      assert.deepEqual(
        result.probes.map(({ name }) => name),
        ["icmp", "tcp 5432"],
      );
    }

    it("switches over, and tells who did what when", async () => {
      const leader = await settled();
      const page = `${stage.topology.client.directory}/drill.html`;
      const { code, stdout, stderr } = await drill(leader, "--yes", "--json", "--html", page);
      assert.equal(code, 0, stderr);
      const result = JSON.parse(stdout) as DrillResult;
      assertTold(result, leader);
      assert.equal(readFileSync(page, "utf8"), drillHtml(result));
      assert.equal(await settled(), result.to);
    });

    it("agrees with a client that writes all the time", async () => {
      const leader = await settled();
      const outcome = await stage.measure(
        async () => {
          const { code, stdout, stderr } = await drill(leader, "--yes", "--json");
          assert.equal(code, 0, stderr);
          assertTold(JSON.parse(stdout) as DrillResult, leader);
        },
        () => settled(),
      );
      const outage = addedOutage(stage.prober.records, outcome.breakMs, await stage.cluster.leader());
      assert.ok(outage !== null && outage.addedMs < MAX_SHARE_MS, JSON.stringify(outage));
    });

    it("watches a switchover that somebody else causes, in words", async () => {
      const leader = await settled();
      const other = stage.topology.nodes.find(({ name }) => name !== leader)!.name;
      const watching = stage.topology.client.spawnPiped(process.execPath, words(leader, ["--watch"]), { log: "drill" });
      const lines: string[] = [];
      watching.onLine((line) => lines.push(line));
      await until("it is ready", async () => {
        const { stdout } = await stage.topology.client.exec("cat", [`${stage.topology.client.directory}/drill.log`]);
        return stdout.includes("ready: cause the change of the leader now");
      });
      await stage.cluster.switchover(leader, other);
      const exit = await until("it has seen enough", () => watching.exit, { timeoutMs: 90_000 });
      assert.deepEqual(exit, { code: 0, signal: null });
      await until("the text", () => lines.some((line) => line.startsWith("the VIP's own share")));
      const text = lines.join("\n");
      assert.match(text, new RegExp(`^${vip}: from ${leader} to ${other}`));
      assert.match(text, new RegExp(`\\+\\d+ ms +Patroni +${other}: leads, and PostgreSQL takes writes`));
      assert.match(text, new RegExp(`\\+\\d+ ms +VIP +${other}: holds the VIP`));
      assert.match(text, /the VIP's own share of the outage: [\d.]+ ms/);
    });

    it("does not switch over when its report could not be written", async () => {
      const leader = await settled();
      const { code, stderr } = await drill(leader, "--yes", "--html", "/nowhere/drill.html");
      assert.equal(code, 2);
      assert.match(stderr, /--html: the report cannot be written: ENOENT.*\/nowhere\/drill\.html/);
      assert.equal(await stage.cluster.leader(), leader);
    });

    it("asks before it breaks connections, and needs a terminal for that", async () => {
      const leader = await settled();
      const { code, stderr } = await drill(leader);
      assert.equal(code, 2);
      assert.match(stderr, /confirm it with --yes, or run it on a terminal/);
      assert.equal(await stage.cluster.leader(), leader);
    });

    /** The same on a terminal, with this answer to its question. */
    async function answered(leader: string, keys: string): Promise<PseudoTerminal> {
      const command = [process.execPath, ...words(leader, [])];
      const terminal = new PseudoTerminal(stage.topology.client, [100, 50], command);
      terminals.push(terminal);
      await terminal.shows(new RegExp(`Switch over from ${leader} to pgpat\\d\\? Its connections break\\. \\[y/N\\]`));
      terminal.type(keys);
      return terminal;
    }

    for (const keys of ["n\r", "\r"]) {
      it(`leaves all as it is when ${JSON.stringify(keys)} is the answer`, async () => {
        const leader = await settled();
        const terminal = await answered(leader, keys);
        assert.deepEqual(await terminal.ended(), { kind: "ended", status: 2, modesRestored: true });
        await terminal.shows(/no drill: not confirmed/);
        assert.equal(await stage.cluster.leader(), leader);
        assert.deepEqual(stage.watch.holders, [leader]);
      });
    }

    it("switches over when the answer is y", async () => {
      const leader = await settled();
      const terminal = await answered(leader, "y\r");
      const { status, modesRestored } = await terminal.ended();
      assert.deepEqual({ status, modesRestored }, { status: 0, modesRestored: true });
      await terminal.shows(/the VIP's own share of the outage: [\d.]+ ms/);
      assert.notEqual(await settled(), leader);
    });

    if (backend === "postgres") {
      it("refuses a paused cluster", async () => {
        const leader = await settled();
        const pause = async (pause: boolean): Promise<void> => {
          await stage.cluster.ask(leader, "PATCH", "/config", { body: JSON.stringify({ pause }) });
          await until(`Patroni says that pause is ${String(pause)}`, async () => {
            const reply = await stage.cluster.ask(leader, "GET", "/primary");
            const status = reply.kind === "failed" ? null : parseStatus(reply.body);
            return status?.ok === true && status.value.pause === pause;
          });
        };
        await pause(true);
        try {
          const { code, stderr } = await drill(leader, "--yes");
          assert.equal(code, 1);
          assert.match(stderr, /no drill: .*paused/);
          assert.equal(await stage.cluster.leader(), leader);
        } finally {
          await pause(false);
        }
      });
    }

    it("refuses a candidate that is none", async () => {
      const leader = await settled();
      const { code, stderr } = await drill(leader, "--yes", "--candidate", "nobody");
      assert.equal(code, 1);
      assert.match(stderr, /no drill: nobody is no replica of the cluster \(replicas: pgpat\d\)/);
    });

    it("says when there is no Patroni to ask", async () => {
      const { code, stderr } = await stage.topology.client.exec(process.execPath, [
        program,
        "drill",
        "--vip",
        vipCidr,
        "--yes",
      ]);
      assert.equal(code, 1);
      assert.match(stderr, /Patroni at http:\/\/127\.0\.0\.1:8008 did not tell its members: refused/);
    });
  });
}
