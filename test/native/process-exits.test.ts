/** The network thread tells the end of a process that is nobody's child here, whoever waits for it otherwise. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { it } from "node:test";
import { openEngine } from "../../src/addon.js";
import { Orders } from "../../src/shell/orders.js";

async function withOrders(use: (orders: Orders) => Promise<void>): Promise<void> {
  const engine = openEngine((events) => {
    for (const event of events) if (event.kind === "done") orders.settle(event);
  });
  const orders = new Orders(engine);
  try {
    await use(orders);
  } finally {
    engine.close();
  }
}

/** A grandchild: its parent, a shell, does not wait for it, so it stays a zombie. */
async function stranger(seconds: number): Promise<{ readonly pid: number; readonly end: () => Promise<unknown> }> {
  const shell = spawn("sh", ["-c", `sleep ${String(seconds)} & echo $!; exec sleep 60`], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [line] = (await once(shell.stdout, "data")) as [Buffer];
  return {
    pid: Number(line.toString()),
    end: () => {
      shell.kill("SIGKILL");
      return once(shell, "close");
    },
  };
}

it("an end that comes, even when its parent takes no notice", () =>
  withOrders(async (orders) => {
    const { pid, end } = await stranger(60);
    let told = false;
    const outcome = orders.give({ kind: "awaitExit", pid, timeoutMs: 60_000 });
    void outcome.then(() => (told = true));
    await orders.give({ kind: "dump" });
    assert.equal(told, false);
    process.kill(pid, "SIGKILL");
    assert.equal((await outcome).failure, null);
    await end();
  }));

it("one that has come already, and one that does not come", () =>
  withOrders(async (orders) => {
    const gone = spawn("true");
    await once(gone, "close");
    const outcome = await orders.give({ kind: "awaitExit", pid: gone.pid ?? 0, timeoutMs: 1_000 });
    assert.deepEqual(outcome.failure?.errno, "ESRCH");
    const late = await orders.give({ kind: "awaitExit", pid: process.pid, timeoutMs: 20 });
    assert.equal(late.failure?.errno, "ETIMEDOUT");
  }));
