/** The native network when the kernel refuses or interrupts what it was asked. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Host } from "../../lab/host.js";
import { Lab } from "../../lab/network.js";
import { AddressRights } from "../../lab/rights.js";
import { labProgram } from "../../lab/process.js";
import { until } from "../../lab/wait.js";
import { buildKernelFaults } from "./kernel-faults.js";
import { RemoteEngine, VIP, leases } from "./remote-engine.js";

describe("when the kernel", () => {
  let lab: Lab;
  let one: Host;
  let two: Host;
  let faulty: Awaited<ReturnType<typeof buildKernelFaults>>;

  before(async () => {
    lab = await Lab.create([
      { name: "one", addresses: ["10.9.0.1/24"] },
      { name: "two", addresses: ["10.9.0.2/24"] },
    ]);
    [one, two] = [lab.host("one"), lab.host("two")];
    faulty = await buildKernelFaults(lab.directory);
  });

  after(async () => {
    await lab.close();
  });

  it("interrupts a dump, it is asked again", async () => {
    const engine = await RemoteEngine.start(one, faulty("dump interrupted"));
    const [snapshot] = engine.of("snapshot");
    assert.ok(snapshot?.addresses.some(({ address }) => address === "10.9.0.1"));
    assert.deepEqual(engine.of("trouble"), []);
    await engine.close();
  });

  it("fails a dump, that is told, and the snapshot comes later", async () => {
    const engine = await RemoteEngine.start(one, faulty("dump failed"));
    const [snapshot] = engine.of("snapshot");
    assert.equal(snapshot?.reason, "start");
    assert.ok(snapshot.addresses.some(({ address }) => address === "10.9.0.1"));
    const trouble = await until("the trouble is told", () => engine.of("trouble")[0] ?? null);
    assert.deepEqual(trouble.failure, { call: "RTM_GETLINK", errno: "ENOBUFS", detail: "dump" });
    await engine.close();
  });

  it("refuses to remove an address, that is told before all else", async () => {
    const rights = await AddressRights.build(lab.directory);
    const holder = await RemoteEngine.start(one, rights.env);
    await holder.takeOver(leases(20_000));
    rights.take(holder.process.pid);
    const { failure } = await holder.give({ kind: "release", holding: 1, resign: true });
    assert.deepEqual(failure, { call: "RTM_DELADDR", errno: "EPERM", detail: VIP });
    assert.equal(await holder.hasVip(), true);
    rights.giveBack(holder.process.pid);
    await holder.close();
    await one.exec("ip", ["address", "flush", "dev", "eth0", "to", VIP]);
  });

  it("refuses to destroy a socket, the others are destroyed all the same", async () => {
    const holder = await RemoteEngine.start(one, faulty("destruction refused"));
    await holder.takeOver(leases(20_000));
    const [command, args] = labProgram("../test/native/listener.ts");
    const listener = one.spawnPiped(command, args, { log: "listener" });
    await new Promise<void>((resolve) => {
      listener.onLine(() => {
        resolve();
      });
    });
    const told = ["5434", "5434", "5436"].map((port) => {
      const lines: string[] = [];
      two
        .spawnPiped(...labProgram("../test/native/client.ts", [VIP, port]), { log: "client" })
        .onLine((line) => lines.push(line));
      return lines;
    });
    await until("all are connected", () => told.every(([first]) => first === "connected"));
    const { failure, socketsDestroyed } = await holder.give({ kind: "release", holding: 1, resign: true });
    assert.deepEqual(failure, { call: "SOCK_DESTROY", errno: "EPERM", detail: "" });
    assert.equal(socketsDestroyed, 2);
    assert.equal(await holder.hasVip(), false, "the address goes in any case");
    await until("all are told", () => told.every((lines) => lines[1] === "ECONNRESET"));
    await holder.close();
  });
});
