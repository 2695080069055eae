/** The lab itself: hosts that reach each other, faults of the network, and that nothing is ever left behind. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { after, before, describe, test } from "node:test";
import { command, lookUpUser } from "../../lab/command.js";
import type { Host } from "../../lab/host.js";
import { Lab } from "../../lab/network.js";
import { labProgram } from "../../lab/process.js";
import { existingLabs, labDirectory, processStart, sweepStaleLabs } from "../../lab/sweep.js";
import { until } from "../../lab/wait.js";
import { HolderWatch } from "../../lab/watch.js";

const plans = [
  { name: "one", addresses: ["10.7.7.1/24", "fd07::1/64"] },
  { name: "two", addresses: ["10.7.7.2/24"] },
  { name: "three", addresses: ["10.7.7.3/24"] },
];

/** Nobody listens on port 9: a host that is there refuses, one that is not stays silent. */
async function reaches(from: Host, address: string): Promise<boolean> {
  const script = `
    const socket = require("node:net").connect({ port: 9, host: "${address}" });
    socket.on("error", ({ code }) => process.exit(code === "ECONNREFUSED" ? 0 : 1));
    setTimeout(() => process.exit(1), 500);`;
  return (await from.exec(process.execPath, ["-e", script])).code === 0;
}

function links(host: Host): Promise<string> {
  return command("ip", ["-n", host.namespace, "-o", "link", "show", "eth0"]);
}

describe("a lab", () => {
  let lab: Lab;
  let rootBefore: string;
  const rootNetwork = async (): Promise<string> =>
    (await command("ip", ["-br", "address"])) + (await command("ip", ["route"]));

  before(async () => {
    rootBefore = await rootNetwork();
    lab = await Lab.create(plans);
  });
  after(() => lab.close());

  test("has hosts that reach each other", async () => {
    assert.equal(await reaches(lab.host("one"), "10.7.7.2"), true);
    assert.equal(await reaches(lab.host("two"), "10.7.7.1"), true);
    assert.equal(await reaches(lab.host("two"), "10.7.7.77"), false);
  });

  test("leaves the machine's own network as it was", async () => {
    assert.equal(await rootNetwork(), rootBefore);
  });

  test("cuts a host off and heals it; its carrier stays", async () => {
    await lab.host("two").cut();
    assert.equal(await reaches(lab.host("one"), "10.7.7.2"), false);
    assert.equal(await reaches(lab.host("two"), "10.7.7.1"), false);
    assert.equal(await reaches(lab.host("one"), "10.7.7.3"), true, "the others are not concerned");
    assert.match(await links(lab.host("two")), /LOWER_UP/);
    await lab.host("two").heal();
    assert.equal(await reaches(lab.host("one"), "10.7.7.2"), true);
  });

  test("pulls a cable: the carrier is gone", async () => {
    await lab.host("two").linkDown();
    assert.match(await links(lab.host("two")), /NO-CARRIER/);
    assert.equal(await reaches(lab.host("one"), "10.7.7.2"), false);
    await lab.host("two").linkUp();
    await until("the cable is back", () => reaches(lab.host("one"), "10.7.7.2"));
  });

  test("runs programs as another user, with an environment, and logs what they say", async () => {
    const host = lab.host("one");
    const user = await lookUpUser("nobody");
    const { stdout, code } = await host.exec("sh", ["-c", "id -u; echo $WORD; exit 3"], {
      user,
      env: { WORD: "hello" },
    });
    assert.deepEqual({ stdout, code }, { stdout: `${user.uid}\nhello\n`, code: 3 });
    const process = host.spawn("sh", ["-c", "echo out; echo err >&2"], { log: "words" });
    assert.deepEqual(await process.exited, { code: 0, signal: null });
    assert.equal(readFileSync(`${host.directory}/words.log`, "utf8"), "out\nerr\n");
  });

  test("kills every process of a host and no other", async () => {
    const victim = lab.host("one").spawn("sh", ["-c", "sleep 1000 & sleep 1000"], { log: "sleep" });
    const other = lab.host("two").spawn("sleep", ["1000"], { log: "sleep" });
    await until("three processes run", async () => (await lab.host("one").pids()).length === 3);
    await lab.host("one").killAll();
    assert.deepEqual(await lab.host("one").pids(), []);
    assert.equal((await victim.exited).signal, "SIGKILL");
    assert.equal(other.running, true);
    assert.equal((await other.stop()).signal, "SIGTERM");
  });

  test("a process that ignores SIGTERM is killed, and that is an error", async () => {
    const stubborn = lab
      .host("one")
      .spawnPiped("sh", ["-c", "trap '' TERM; echo ready; while :; do sleep 1; done"], { log: "sh" });
    await new Promise<void>((resolve) => stubborn.onLine(() => resolve()));
    await assert.rejects(stubborn.stop("SIGTERM", 100), /did not end 100 ms after SIGTERM/);
  });

  test("watches which host has an address, also on a host that is killed", async () => {
    const vip = "10.7.7.99";
    const add = ["address", "add", `${vip}/24`, "dev", "eth0"];
    await lab.host("one").exec("ip", add);
    const watch = await HolderWatch.start(lab, vip);
    assert.deepEqual(watch.holders, ["one"]);
    await lab.host("two").exec("ip", add);
    await until("both have it", () => watch.holders.length === 2);
    await lab.host("one").killAll();
    await lab.host("one").exec("ip", ["address", "delete", `${vip}/24`, "dev", "eth0"]);
    await watch.holder("two");
    assert.deepEqual(
      watch.changes.map(({ host, has }) => [host, has]),
      [
        ["one", true],
        ["two", true],
        ["one", false],
      ],
    );
    const instants = watch.changes.map(({ atMs }) => atMs);
    assert.deepEqual(
      [...instants].sort((a, b) => a - b),
      instants,
    );
    await watch.close();
  });

  test("is gone after close: processes, namespaces, files", async () => {
    const sleeper = lab.host("three").spawn("sleep", ["1000"], { log: "sleep" });
    assert.equal(existingLabs().includes(lab.name), true);
    await lab.close();
    await lab.close();
    assert.equal((await sleeper.exited).signal, "SIGKILL");
    assert.equal(existingLabs().includes(lab.name), false);
    assert.equal(existsSync(lab.directory), false);
    assert.doesNotMatch(await command("ip", ["netns", "list"]), new RegExp(lab.name));
    assert.doesNotMatch(readFileSync("/proc/mounts", "utf8"), new RegExp(lab.name));
  });

  test("a host that cannot be made leaves nothing behind", async () => {
    const labs = existingLabs();
    await assert.rejects(Lab.create([{ name: "name-that-is-too-long", addresses: [] }]));
    assert.deepEqual(existingLabs(), labs);
  });
});

interface Driver {
  readonly lab: string;
  readonly watchdog: number;
  kill(): Promise<void>;
}

/** Another process that makes a lab with a program in it and keeps it until it is killed. */
async function startDriver(): Promise<Driver> {
  const [name, args] = labProgram("../test/lab/driver.ts");
  const child = spawn(name, args, { stdio: ["pipe", "pipe", "inherit"] });
  const [line] = (await once(createInterface({ input: child.stdout }), "line")) as [string];
  const [lab = "", watchdog] = line.split(" ");
  const kill = async (): Promise<void> => {
    child.kill("SIGKILL");
    await once(child, "exit");
  };
  return { lab, watchdog: Number(watchdog), kill };
}

describe("the lab of a driver that was killed", () => {
  test("is removed by its watchdog", async () => {
    const driver = await startDriver();
    assert.ok(existingLabs().includes(driver.lab));
    await driver.kill();
    await until("the lab is gone", () => !existingLabs().includes(driver.lab));
    assert.equal(existsSync(labDirectory(driver.lab)), false);
  });

  test("is removed at the next start when the watchdog was killed too; a living driver's lab stays", async () => {
    const [dead, living] = [await startDriver(), await startDriver()];
    process.kill(dead.watchdog, "SIGKILL");
    await until("the watchdog is gone", () => processStart(dead.watchdog) === null);
    await dead.kill();
    await sweepStaleLabs();
    assert.equal(existingLabs().includes(dead.lab), false);
    assert.equal(existingLabs().includes(living.lab), true);
    await living.kill();
    await until("the other lab is gone", () => !existingLabs().includes(living.lab));
  });
});
