/**
 * `pgvip doctor` on a cluster in the lab: every fault is made for real, the finding must be there, and it must be gone
 * when the fault is mended.
 */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { PgvipAgents } from "../../lab/agents.js";
import type { Host } from "../../lab/host.js";
import { StandInCluster } from "../../lab/stand-in-cluster.js";
import { type Topology, createTopology, vip, vipCidr } from "../../lab/topology.js";
import { until } from "../../lab/wait.js";
import type { Finding, Problem } from "../../src/diagnose/finding.js";

const program = fileURLToPath(new URL("../../dist/main.js", import.meta.url));
const ROUTER_ID = "51";

describe("pgvip doctor", () => {
  const agents = new PgvipAgents({ vips: [vipCidr], extra: ["--router-id", ROUTER_ID] });
  let topology: Topology;
  let cluster: StandInCluster;
  /** The standby is examined, so there is a holder to be heard. */
  let node: Host;
  let holder: Host;

  before(async () => {
    topology = await createTopology();
    cluster = await StandInCluster.start(topology.nodes, topology.dcs, topology.console);
    holder = cluster.node(await cluster.leader());
    node = topology.nodes.find(({ name }) => name !== holder.name)!;
    for (const each of topology.nodes) await agents.start(each);
    await agents.groupWith(holder, "has the VIP", ({ state }) => state === "holder");
  });

  after(async () => {
    await topology.lab.close();
  });

  async function doctor(...args: readonly string[]): Promise<readonly Finding[]> {
    const vips = args.includes("--vip") ? [] : ["--vip", vipCidr];
    const ids = args.includes("--router-id") ? [] : ["--router-id", ROUTER_ID];
    const words = [program, "doctor", "--json", ...vips, ...ids, "--listen", "700ms", ...args];
    const { code, stdout, stderr } = await node.exec(process.execPath, words, { timeoutMs: 30_000 });
    assert.ok(code === 0 || code === 1, stderr);
    const findings = (JSON.parse(stdout) as { readonly findings: readonly Finding[] }).findings;
    const isBad = findings.some((one) => one.kind === "problem" && one.severity !== "advice");
    assert.equal(code, isBad ? 1 : 0);
    return findings;
  }

  async function clockOf({ address }: Host): Promise<number> {
    const words = ["-e", `fetch("http://${address}:8008/config").then((one) => console.log(one.headers.get("date")))`];
    const { stdout } = await node.exec(process.execPath, words);
    return Date.parse(/^.*GMT$/m.exec(stdout)?.[0] ?? "");
  }

  function problems(findings: readonly Finding[], check: string): readonly Problem[] {
    return findings.filter((one) => one.kind === "problem").filter((one) => one.check === check);
  }

  async function sysctl(setting: string): Promise<void> {
    const { code, stderr } = await node.exec("sysctl", ["-qw", setting]);
    assert.equal(code, 0, stderr);
  }

  async function nft(host: Host, ...commands: readonly string[]): Promise<void> {
    for (const command of commands) {
      const { code, stderr } = await host.exec("nft", command.split(" "));
      assert.equal(code, 0, `${command}: ${stderr}`);
    }
  }

  async function ip(host: Host, ...words: readonly string[]): Promise<void> {
    const { code, stderr } = await host.exec("ip", words);
    assert.equal(code, 0, stderr);
  }

  it("finds a healthy node healthy, whatever it may advise", async () => {
    const findings = await doctor();
    // The machine that the lab runs on may be a container, which is none of the lab's doing.
    const found = findings.filter((one) => one.kind === "problem" && one.severity !== "advice");
    assert.deepEqual(
      found.filter(({ check }) => check !== "container" && check !== "machine"),
      [],
    );
    const text = JSON.stringify(findings);
    assert.match(text, new RegExp(`${vip} is on ${holder.name} .*, which announces it`));
    assert.match(text, new RegExp(`${holder.name} \\(${holder.address}\\) announces ${vip}/24 every 100 ms`));
    assert.match(text, /adverts of others come through/);
  });

  it("tells each problem with its reason and its remedy, for people too", async () => {
    await sysctl("net.ipv4.conf.eth0.drop_gratuitous_arp=1");
    const words = [program, "doctor", "--vip", vipCidr, "--router-id", ROUTER_ID, "--listen", "200ms"];
    const { code, stdout } = await node.exec(process.execPath, words, { timeoutMs: 30_000 });
    await sysctl("net.ipv4.conf.eth0.drop_gratuitous_arp=0");
    assert.equal(code, 1);
    assert.match(
      stdout,
      /^WARNING +sysctls +net\.ipv4\.conf\.eth0\.drop_gratuitous_arp = 1\n +why: .*\n +mend: sysctl -w net/m,
    );
    assert.match(stdout, /\n\n\d+ errors?, \d+ warnings?, \d+ advice/);
  });

  interface Fault {
    readonly what: string;
    readonly check: string;
    readonly severity: Problem["severity"];
    readonly says: RegExp;
    readonly make: () => Promise<unknown>;
    readonly mend: () => Promise<unknown>;
    readonly args?: readonly string[];
  }

  const faults: readonly Fault[] = [
    ...(
      [
        ["arp_ignore", "all", 8, 0, "error"],
        ["drop_gratuitous_arp", "eth0", 1, 0, "warning"],
        ["proxy_arp", "eth0", 1, 0, "warning"],
        ["arp_announce", "eth0", 0, 2, "advice"],
      ] as const
    ).map(([name, where, bad, good, severity]): Fault => ({
      what: `${name} = ${bad}`,
      check: "sysctls",
      severity,
      says: new RegExp(`conf\\.${where}\\.${name} = ${bad}`),
      make: () => sysctl(`net.ipv4.conf.${where}.${name}=${bad}`),
      mend: () => sysctl(`net.ipv4.conf.${where}.${name}=${good}`),
    })),
    {
      what: "promote_secondaries off",
      check: "sysctls",
      severity: "warning",
      says: /promote_secondaries = 0/,
      make: async () => {
        for (const where of ["all", "eth0"]) await sysctl(`net.ipv4.conf.${where}.promote_secondaries=0`);
      },
      mend: () => sysctl("net.ipv4.conf.eth0.promote_secondaries=1"),
    },
    {
      what: "an interface that is down",
      check: "interface",
      severity: "error",
      says: /eth0 has no carrier/,
      make: () => node.linkDown(),
      mend: () => node.linkUp(),
    },
    {
      what: "a VIP outside every subnet",
      check: "interface",
      severity: "error",
      says: /no interface of this node has a subnet with 192\.0\.2\.1/,
      make: async () => undefined,
      mend: async () => undefined,
      args: ["--vip", "192.0.2.1/24"],
    },
    {
      what: "a firewall that drops what it does not know",
      check: "firewall",
      severity: "error",
      says: /chain "inet filter input" drops IP protocol 112 \(policy drop\)/,
      make: () =>
        nft(
          node,
          "add table inet filter",
          "add chain inet filter input { type filter hook input priority 0 ; policy drop ; }",
          "add rule inet filter input ct state established,related accept",
          "add rule inet filter input ip protocol { tcp, udp, icmp } accept",
        ),
      mend: () => nft(node, "insert rule inet filter input meta l4proto 112 accept"),
    },
    {
      what: "a firewall that drops adverts, as the wire shows",
      check: "firewall-seen",
      severity: "error",
      says: /adverts arrived at the interface, and none came through/,
      make: () =>
        nft(
          node,
          "flush ruleset",
          "add table ip t",
          "add chain ip t in { type filter hook input priority 0 ; }",
          "add rule ip t in ip protocol 112 drop",
        ),
      mend: () => nft(node, "flush ruleset"),
    },
    {
      what: "a firewall that lets no advert out",
      check: "peers",
      severity: "error",
      says: /did not leave this host: .*not permitted/,
      make: () =>
        nft(
          node,
          "add table ip t",
          "add chain ip t out { type filter hook output priority 0 ; }",
          "add rule ip t out ip protocol 112 drop",
        ),
      mend: () => nft(node, "flush ruleset"),
    },
    {
      what: "a firewall at a peer",
      check: "peers",
      severity: "error",
      says: /a firewall refuses IP protocol 112 to/,
      make: () =>
        nft(
          holder,
          "add table ip t",
          "add chain ip t in { type filter hook input priority 0 ; }",
          "add rule ip t in ip protocol 112 reject with icmp type admin-prohibited",
        ),
      mend: () => nft(holder, "flush ruleset"),
    },
    {
      what: "a stranger with the VIP",
      check: "duplicate-address",
      severity: "error",
      says: /10\.186\.157\.199 is on several hosts: .*pgpat.*/,
      make: () => ip(topology.client, "address", "add", vipCidr, "dev", "eth0"),
      mend: () => ip(topology.client, "address", "del", vipCidr, "dev", "eth0"),
    },
    {
      what: "an address that somebody uses",
      check: "duplicate-address",
      severity: "error",
      says: /10\.186\.157\.55 is on a host with MAC address .* with no advert/,
      make: () => ip(topology.client, "address", "add", "10.186.157.55/24", "dev", "eth0"),
      mend: () => ip(topology.client, "address", "del", "10.186.157.55/24", "dev", "eth0"),
      args: ["--vip", "10.186.157.55/24"],
    },
    {
      what: "a router ID that others use",
      check: "router-id",
      severity: "error",
      says: /virtual router ID 51 is used by 10\.186\.157\.10 for 10\.186\.157\.77/,
      make: async () => {
        const url = `http://${holder.address}:8008`;
        const others = new PgvipAgents({
          vips: ["10.186.157.77/24"],
          extra: ["--router-id", "51", "--patroni-url", url],
        });
        await others.start(topology.client);
        await until("the other group has its VIP", async () => {
          const { stdout } = await topology.client.exec("ip", ["address"]);
          return stdout.includes("10.186.157.77");
        });
        stranger = others;
      },
      mend: () => stranger!.stop(topology.client),
    },
    {
      what: "a router ID that is not that of the holder",
      check: "adverts",
      severity: "warning",
      says: /is announced by .* \(router ID 51\) with a router ID that is not ours/,
      make: async () => undefined,
      mend: async () => undefined,
      args: ["--router-id", "52"],
    },
    {
      what: "keepalived with the same VIP",
      check: "other-vip-managers",
      severity: "error",
      says: /keepalived \(process \d+, .*keepalived\.conf\) manages 10\.186\.157\.199 too/,
      make: async () => {
        const file = `${node.directory}/keepalived.conf`;
        writeFileSync(
          file,
          `vrrp_instance V {\n  state BACKUP\n  interface eth0\n  virtual_router_id 60\n  priority 1\n  advert_int 40\n` +
            `  virtual_ipaddress {\n    ${vipCidr}\n  }\n}\n`,
        );
        const pid = `${node.directory}/ka`;
        const args = ["-n", "-f", file, "-p", `${pid}.pid`, "-r", `${pid}v.pid`, "-c", `${pid}c.pid`];
        keepalived = node.spawn("keepalived", args, { log: "keepalived" });
        await until("keepalived runs", async () => {
          const { stdout } = await node.exec("cat", [`/proc/${keepalived!.pid}/comm`]);
          return stdout.trim() === "keepalived";
        });
      },
      mend: () => keepalived!.stop(),
    },
    {
      what: "a Patroni of another cluster",
      check: "patroni",
      severity: "error",
      says: /wrongScope: it is of cluster "demo", wanted "other"/,
      make: async () => undefined,
      mend: async () => undefined,
      args: ["--patroni-scope", "other"],
    },
    {
      what: "a Patroni of another node",
      check: "members",
      severity: "warning",
      says: /no member has an address of this node/,
      make: () =>
        ip(node, "address", "add", "10.186.157.250/24", "dev", "eth0").then(() =>
          ip(node, "address", "del", `${node.address}/24`, "dev", "eth0"),
        ),
      mend: () => ip(node, "address", "add", `${node.address}/24`, "dev", "eth0"),
      args: ["--patroni-url", "http://10.186.157.60:8008"],
    },
    {
      what: "a peer with another time",
      check: "peer-clocks",
      severity: "warning",
      says: /the clock of pgpat\d is (59|60)(\.\d)? s ahead of this host's/,
      make: async () => {
        cluster.stepClock(holder.name, 60_000);
        await until("its Patroni tells another time", async () => (await clockOf(holder)) > Date.now() + 30_000);
      },
      mend: async () => {
        cluster.stepClock(holder.name, 0);
        await until("its Patroni tells this time", async () => (await clockOf(holder)) < Date.now() + 30_000);
      },
    },
    {
      what: "a Patroni that does not run",
      check: "patroni",
      severity: "error",
      says: /no usable answer: refused/,
      make: () => cluster.stopPatroni(node.name),
      mend: async () => {
        await cluster.startPatroni(node.name);
        await cluster.waitHealthy();
      },
    },
  ];
  let stranger: PgvipAgents | null = null;
  let keepalived: ReturnType<Host["spawn"]> | null = null;

  for (const { what, check, severity, says, make, mend, args = [] } of faults) {
    it(`finds ${what}, and no more when it is mended`, async () => {
      await make();
      const broken = problems(await doctor(...args), check).filter((one) => says.test(one.what));
      await mend();
      assert.deepEqual(
        broken.map((one) => one.severity),
        [severity],
      );
      const [found] = broken;
      assert.ok(found !== undefined && found.why.length > 20 && found.mend.length > 20, JSON.stringify(found));
      const left = problems(await doctor(), check).filter((one) => says.test(one.what));
      assert.deepEqual(left, []);
    });
  }

  it("says when it lacks the capabilities, and what it could not check", async () => {
    const words = ["--bounding-set=-net_raw", process.execPath, program, "doctor", "--json", "--vip", vipCidr];
    const { code, stdout } = await node.exec("setpriv", words, { timeoutMs: 30_000 });
    assert.equal(code, 1);
    const findings = (JSON.parse(stdout) as { readonly findings: readonly Finding[] }).findings;
    assert.match(problems(findings, "capabilities")[0]?.what ?? "", /lacks CAP_NET_RAW/);
    assert.ok(findings.some((one) => one.kind === "skipped" && one.check === "duplicate-address"));
  });

  it("refuses bad input by name", async () => {
    for (const [args, message] of [
      [["--vip", vipCidr, "--listen", "5"], /--listen.*Wanted 100ms to 120s, with a unit/s],
      [["--vip", "nonsense"], /nonsense/],
    ] as const) {
      const { code, stderr } = await node.exec(process.execPath, [program, "doctor", ...args]);
      assert.equal(code, 2);
      assert.match(stderr, message);
    }
  });
});
