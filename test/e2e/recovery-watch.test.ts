/** The end of a real PostgreSQL's recovery, told by the kernel and its control file: not before it takes writes, and without asking it. */
import assert from "node:assert/strict";
import { chownSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { type User, command, lookUpUser } from "../../lab/command.js";
import { postgresPrograms } from "../../lab/patroni-config.js";
import { readsAtOnce } from "../../lab/reads-at-once.js";
import { until } from "../../lab/wait.js";
import { openEngine } from "../../src/addon.js";
import type { Network } from "../../src/ports/network.js";
import { inProduction, openControlFile } from "../../src/shell/control-file.js";
import { Orders, type Outcome } from "../../src/shell/orders.js";
import { findRecovery, recoveryEnds } from "../../src/shell/recovery-watch.js";

const PORT = 54329;

describe("the end of a recovery", () => {
  let directory: string;
  let user: User;
  let network: Network;
  let orders: Orders;

  before(async () => {
    user = await lookUpUser("postgres");
    directory = mkdtempSync(join(tmpdir(), "pgvip-recovery-"));
    chownSync(directory, user.uid, user.gid);
    network = openEngine((events) => {
      for (const event of events) if (event.kind === "done") orders.settle(event);
    });
    orders = new Orders(network);
    await asPostgres("initdb", ["-D", data(), "-U", "postgres", "--auth=trust", "--no-sync"]);
    // A standby of nobody: it stays in recovery until it is promoted.
    writeFileSync(join(data(), "standby.signal"), "");
    await asPostgres("pg_ctl", ["-D", data(), "-l", join(directory, "log"), "-o", options(), "-w", "start"]);
  });

  after(async () => {
    await asPostgres("pg_ctl", ["-D", data(), "-m", "immediate", "stop"]);
    network.close();
    rmSync(directory, { recursive: true });
  });

  const data = (): string => join(directory, "data");
  const options = (): string =>
    `--port=${String(PORT)} --listen_addresses= --unix_socket_directories=${directory} --cluster_name=demo`;

  function asPostgres(program: string, args: readonly string[]): Promise<string> {
    const as = [`--reuid=${String(user.uid)}`, `--regid=${String(user.gid)}`, "--clear-groups"];
    return command("setpriv", [...as, `${postgresPrograms() ?? ""}/${program}`, ...args], { timeoutMs: 60_000 });
  }

  async function query(sql: string): Promise<string> {
    return (await asPostgres("psql", ["-h", directory, "-p", String(PORT), "-U", "postgres", "-Atc", sql])).trim();
  }

  /** What the control file tells alone: the process that is waited for does not end. */
  async function watchControlFile(): Promise<{ readonly told: Promise<Outcome> }> {
    const server = findRecovery(PORT, "/proc")?.server ?? 0;
    const file = await openControlFile(server, ["postgres", "-D", data()]);
    assert.ok(file !== null, "the control file is found");
    const sign = { ...inProduction, fd: file.fd };
    const told = orders.give({ kind: "awaitExit", pid: process.pid, timeoutMs: 60_000, sign });
    await orders.give({ kind: "dump" });
    return { told: told.finally(() => file.close()) };
  }

  it("is told when the server is promoted, and then it takes writes", async () => {
    assert.equal(await query("SELECT pg_is_in_recovery()"), "t");
    const ended = recoveryEnds(PORT, orders);
    assert.ok(ended !== null, "the startup process is found");
    assert.equal(recoveryEnds(PORT + 1, orders), null, "no server has that port");
    let told = false;
    void ended.then(() => (told = true));
    await query("SELECT pg_switch_wal()").catch(() => undefined);
    assert.equal(told, false, "a standby that goes on recovering tells nothing");
    const written = (await readsAtOnce(join(data(), "global", "pg_control"))) ? await watchControlFile() : null;
    await query("SELECT pg_promote(wait => false)");
    assert.equal(await ended, true);
    if (written !== null) assert.equal((await written.told).failure, null, "the control file says so too");
    assert.equal(await query("CREATE TABLE t (); SELECT 'written'"), "CREATE TABLE\nwritten");
    await until("a primary has no startup process", () => recoveryEnds(PORT, orders) === null);
  });
});
