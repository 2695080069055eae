/** `pgvip ping` in the lab: an address that is taken away and given back, a port that refuses, and Ctrl-C. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import type { Host } from "../../lab/host.js";
import { Lab } from "../../lab/network.js";
import { sleep, until } from "../../lab/wait.js";
import type { PingResult } from "../../src/diagnose/ping.js";

const program = fileURLToPath(new URL("../../dist/main.js", import.meta.url));
const VIP = "10.9.0.100";

describe("pgvip ping", () => {
  let lab: Lab;
  let server: Host;
  let client: Host;

  before(async () => {
    lab = await Lab.create([
      { name: "server", addresses: ["10.9.0.1/24", `${VIP}/24`, "fd00::100/64"] },
      { name: "client", addresses: ["10.9.0.2/24", "fd00::2/64"] },
    ]);
    server = lab.host("server");
    client = lab.host("client");
    const listen = `require("net").createServer((s) => s.on("error", () => {}).end()).listen(5432)`;
    server.spawn(process.execPath, ["-e", listen], { log: "listener" });
    await until("the port is open", async () => {
      const { code } = await client.exec("bash", ["-c", `exec 3<>/dev/tcp/${VIP}/5432`]);
      return code === 0;
    });
  });

  after(async () => {
    await lab.close();
  });

  /** Measures, does something meanwhile, and gives the summary when Ctrl-C has ended it. */
  async function measured(
    args: readonly string[],
    act: () => Promise<void>,
  ): Promise<{ result: PingResult; code: number | null }> {
    const ping = client.spawnPiped(process.execPath, [program, "ping", "--json", ...args], { log: "ping" });
    let text = "";
    ping.onLine((line) => (text += line));
    await sleep(1_000);
    await act();
    await sleep(500);
    const { code } = await ping.stop("SIGINT");
    return { result: JSON.parse(text) as PingResult, code };
  }

  it("finds no fault with an address that answers, over IPv4 and IPv6", async () => {
    for (const address of [VIP, `${VIP}/24`, "fd00::100"]) {
      const { code, stdout } = await client.exec(process.execPath, [
        program,
        "ping",
        address,
        "--interval",
        "20ms",
        "--for",
        "1s",
        "--json",
      ]);
      const [probe] = (JSON.parse(stdout) as PingResult).probes;
      assert.equal(probe?.name, "icmp");
      assert.ok(probe.answered > 10, stdout);
      // A machine that stands still for 100 ms is a blackout too; nothing here may have lasted longer.
      assert.ok(code === 0 || probe.blackouts.every(({ durationMs }) => durationMs < 500), stdout);
    }
  });

  it("measures how long the address was away", async () => {
    const { result, code } = await measured([VIP, "--tcp", "5432"], async () => {
      await server.exec("bash", [
        "-c",
        `ip address del ${VIP}/24 dev eth0; sleep 0.7; ip address add ${VIP}/24 dev eth0`,
      ]);
      await sleep(1_500);
    });
    assert.equal(code, 1);
    const [icmp, tcp] = result.probes;
    assert.equal(tcp?.name, "tcp 5432");
    for (const probe of [icmp, tcp]) {
      assert.ok(probe);
      const longest = Math.max(...probe.blackouts.map(({ durationMs }) => durationMs));
      assert.ok(longest >= 650 && longest < 5_000, JSON.stringify(probe));
      assert.ok(probe.longestSilenceMs >= longest - 1);
    }
  });

  it("tells a host that refuses from one that is silent", async () => {
    const { result, code } = await measured([VIP, "--tcp", "5433"], async () => undefined);
    assert.equal(code, 1);
    const [icmp, tcp] = result.probes;
    assert.ok(icmp !== undefined && tcp !== undefined);
    assert.ok(icmp.answered > 50);
    assert.equal(tcp.answered, 0);
    assert.ok(tcp.refused > 50);
    assert.deepEqual(
      tcp.blackouts.map(({ met }) => met),
      [["ECONNREFUSED"]],
    );
  });

  it("says in words what it measured", async () => {
    const { stdout } = await client.exec(process.execPath, [program, "ping", VIP, "--for", "300ms"]);
    assert.match(stdout, /^\d\.\d s measured\n\nicmp: \d+ sent, \d+ answered.*\n  answers in .* \(median\)/);
  });

  it("works without the capability for ICMP when there is something else to measure", async () => {
    const words = ["--bounding-set=-net_raw", process.execPath, program, "ping", VIP, "--for", "300ms"];
    const alone = await client.exec("setpriv", words);
    assert.equal(alone.code, 4);
    assert.match(alone.stderr, /a raw socket needs CAP_NET_RAW.*; or measure with --tcp PORT/);
    const { stdout, stderr } = await client.exec("setpriv", [...words, "--tcp", "5432"]);
    assert.match(stderr, /no ICMP: a raw socket needs CAP_NET_RAW/);
    assert.match(stdout, /^tcp 5432: \d+ sent, \d+ answered/m);
  });

  it("refuses bad input by name", async () => {
    for (const [args, message] of [
      [["nonsense"], /'vip'.*IP address/s],
      [[], /missing required argument 'vip'/],
      [[VIP, "--interval", "10"], /--interval.*with a unit/s],
      [[VIP, "--tcp", "0"], /--tcp.*1 to 65535/s],
      [[VIP, "--pg", "host=10.0.0.1"], /--pg wants a DSN such as postgresql:/],
    ] as const) {
      const { code, stderr } = await client.exec(process.execPath, [program, "ping", ...args]);
      assert.equal(code, 2, stderr);
      assert.match(stderr, message);
    }
  });
});
