/**
 * The control socket of the holder is abused by somebody who may open it: garbage, ten thousand connections, clients that
 * ask and never read. The agent goes on holding the VIP, and answers the next one who asks properly.
 */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readFileSync, readdirSync } from "node:fs";
import net from "node:net";
import { after, before, describe, it } from "node:test";
import { PgvipAgents } from "../../lab/agents.js";
import type { Host } from "../../lab/host.js";
import { Stage } from "../../lab/stage.js";
import { vipCidr } from "../../lab/topology.js";
import { sleep, until } from "../../lab/wait.js";

const CONNECTIONS = 10_000;
/** As many at a time as a client has descriptors for, with room to spare. */
const AT_ONCE = 200;
const SILENT_READERS = 40;

describe("the control socket of the holder", () => {
  let stage: Stage;
  let agents: PgvipAgents;
  let holder: Host;

  before(async () => {
    agents = new PgvipAgents({ vips: [vipCidr] });
    stage = await Stage.open({ backend: "stand-in", manager: agents });
    holder = stage.cluster.node(await stage.cluster.leader());
  });

  after(async () => {
    await stage.close();
  });

  /** Nothing moved while it happened, the same process answers, and its descriptors are its own again. */
  async function holdsThrough(abuse: () => Promise<unknown>): Promise<string> {
    const { pid } = agents.processOn(holder);
    const changesBefore = stage.watch.changes.length;
    const descriptorsBefore = descriptorsOf(pid);
    const outcome = await stage.measure(async () => {
      await abuse();
    }, statusAnswers);
    assert.equal(stage.watch.changes.length, changesBefore, "the VIP did not move");
    assert.deepEqual(stage.watch.holders, [holder.name]);
    assert.equal(agents.processOn(holder).pid, pid);
    assert.equal(agents.processOn(holder).running, true);
    const { stdout } = await holder.exec("cat", [agents.logFile(holder)]);
    assert.doesNotMatch(stdout, /lease-ended|"event":"crash"/);
    await until("its descriptors are closed", () => descriptorsOf(pid) <= descriptorsBefore + 2);
    return `${JSON.stringify(outcome.findings.echoes)} ${memoryOf(pid)}`;
  }

  async function statusAnswers(): Promise<void> {
    // Idle connections hold their places for some seconds.
    await agents.groupWith(holder, "has the VIP, and no alarm", ({ state, alarms }) => {
      return state === "holder" && alarms.length === 0;
    });
  }

  function connect(): Promise<net.Socket> {
    return new Promise((resolve, reject) => {
      const socket = net.connect(`${holder.directory}/pgvip.sock`);
      socket.once("connect", () => {
        // The agent may end any of these conversations at any time.
        socket.on("error", () => undefined);
        resolve(socket);
      });
      socket.once("error", reject);
    });
  }

  it("survives garbage", async (t) => {
    const told = await holdsThrough(async () => {
      for (let turn = 0; turn < 200; turn += 1) {
        const socket = await connect();
        const garbage = turn % 2 === 0 ? randomBytes(100_000) : Buffer.from(`${"{".repeat(50_000)}\n{"command":[]}\n`);
        socket.on("data", () => undefined);
        await new Promise((resolve) => socket.once("close", resolve).end(garbage));
      }
    });
    t.diagnostic(told);
  });

  it(`survives ${CONNECTIONS} connections`, async (t) => {
    const told = await holdsThrough(async () => {
      let refused = 0;
      for (let made = 0; made < CONNECTIONS; made += AT_ONCE) {
        const sockets = await Promise.allSettled(Array.from({ length: AT_ONCE }, connect));
        refused += sockets.filter(({ status }) => status === "rejected").length;
        await sleep(5);
        for (const result of sockets) if (result.status === "fulfilled") result.value.destroy();
      }
      t.diagnostic(`${refused} of ${CONNECTIONS} did not even connect`);
      assert.ok(refused < CONNECTIONS / 2, `${refused} did not connect`);
    });
    t.diagnostic(told);
  });

  it("survives clients that ask and never read", async (t) => {
    const told = await holdsThrough(async () => {
      const sockets = await Promise.all(Array.from({ length: SILENT_READERS }, connect));
      for (const socket of sockets) {
        socket.pause();
        socket.write('{"command":"status"}\n'.repeat(2_000));
      }
      await sleep(8_000);
      for (const socket of sockets) socket.destroy();
    });
    t.diagnostic(told);
  });
});

function descriptorsOf(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

function memoryOf(pid: number): string {
  return /VmRSS:.*/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[0] ?? "";
}
