/** The network thread tells the end of a process that is not its child, whoever waits for it otherwise, and as soon as it can be seen. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { readsAtOnce } from "../../lab/reads-at-once.js";
import { openEngine } from "../../src/addon.js";
import { Orders, type Outcome } from "../../src/shell/orders.js";

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

/**
 * A process whose first thread has left, and with it what /proc tells of its memory, while another thread keeps it from being
 * over: what any process is for a moment. The number of exit(2), which ends a single thread, is that of the architecture.
 */
const HALF_GONE = `
import ctypes, os, threading, time
threading.Thread(target=time.sleep, args=(60,)).start()
print(os.getpid(), flush=True)
input()
ctypes.CDLL(None).syscall(60 if os.uname().machine == "x86_64" else 93, 0)
`;

it("an end that has begun, before the kernel has cleared the process away", () =>
  withOrders(async (orders) => {
    const child = spawn("python3", ["-c", HALF_GONE], { stdio: ["pipe", "pipe", "inherit"] });
    try {
      const [line] = (await once(child.stdout, "data")) as [Buffer];
      const pid = Number(line.toString());
      const outcome = orders.give({ kind: "awaitExit", pid, timeoutMs: 30_000 });
      await orders.give({ kind: "dump" });
      child.stdin.write("\n");
      assert.equal((await outcome).failure, null);
      assert.equal(process.kill(pid, 0), true, "it is still there");
    } finally {
      child.kill("SIGKILL");
      await once(child, "close");
    }
  }));

describe("an end whose sign is a word in a file", () => {
  const [BEFORE, WORD, ANOTHER_WORD] = ["bytes", 6, 4];
  let directory: string;
  let path: string;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "pgvip-sign-"));
    path = join(directory, "file");
  });

  afterEach(() => {
    rmSync(directory, { recursive: true });
  });

  function write(word: number): void {
    writeFileSync(path, Buffer.concat([Buffer.from(BEFORE), Buffer.from(Uint32Array.of(word).buffer)]));
  }

  /** Of a process that does not end. */
  async function wait(timeoutMs: number, meanwhile: () => Promise<void>): Promise<Outcome | null> {
    const fd = openSync(path, "r");
    try {
      let outcome: Outcome | null = null;
      await withOrders(async (orders) => {
        const sign = { fd, offset: BEFORE.length, value: WORD };
        const coming = orders.give({ kind: "awaitExit", pid: process.pid, timeoutMs, sign });
        while (outcome === null) outcome = await Promise.race([coming, meanwhile().then(() => null)]);
      });
      return outcome;
    } finally {
      closeSync(fd);
    }
  }

  it("has come when the word stands where there was another one", async () => {
    write(ANOTHER_WORD);
    const told = await readsAtOnce(path);
    const changes = async (): Promise<void> => {
      await delay(20);
      write(WORD);
      await delay(20);
      write(ANOTHER_WORD);
    };
    const outcome = await wait(told ? 60_000 : 200, changes);
    assert.equal(outcome?.failure?.errno, told ? undefined : "ETIMEDOUT");
  });

  it("has not come when the word was there from the beginning", async () => {
    write(WORD);
    assert.equal((await wait(200, () => delay(20)))?.failure?.errno, "ETIMEDOUT");
  });

  it("does not come of a file that is too short", async () => {
    writeFileSync(path, BEFORE);
    assert.equal((await wait(200, () => delay(20)))?.failure?.errno, "ETIMEDOUT");
  });
});

it("one that has come already, and one that does not come", () =>
  withOrders(async (orders) => {
    const gone = spawn("true");
    await once(gone, "close");
    const outcome = await orders.give({ kind: "awaitExit", pid: gone.pid ?? 0, timeoutMs: 1_000 });
    assert.deepEqual(outcome.failure?.errno, "ESRCH");
    const late = await orders.give({ kind: "awaitExit", pid: process.pid, timeoutMs: 20 });
    assert.equal(late.failure?.errno, "ETIMEDOUT");
  }));
