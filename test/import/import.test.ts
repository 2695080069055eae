/** Other VIP managers' configurations: every setting of ours that comes out is one that we read, and nothing is passed over. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { after, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import { loadConfig } from "../../src/config/load.js";
import type { Draft } from "../../src/import/draft.js";
import { readBlocks } from "../../src/import/keepalived-blocks.js";
import { draftOf } from "../../src/import/keepalived-draft.js";
import { type Files, readLines } from "../../src/import/keepalived-lines.js";
import { type Keepalived, readKeepalived } from "../../src/import/keepalived.js";
import { readVipManager } from "../../src/import/vip-manager.js";
import { yamlText } from "../../src/import/yaml-text.js";
import { runCli } from "../../src/cli.js";

const directory = mkdtempSync(`${tmpdir()}/pgvip-import-`);
after(() => {
  rmSync(directory, { recursive: true });
});

/** Files that are only here. */
function filesOf(texts: Readonly<Record<string, string>>): Files {
  return {
    read: (file) => texts[file] ?? assert.fail(`${file} was asked for`),
    included: (pattern) => Object.keys(texts).filter((name) => name.startsWith(pattern.replace(/\*.*/, ""))),
  };
}

function imported(text: string, others: Readonly<Record<string, string>> = {}, configId = "pg1"): Draft {
  return draftOf([readNode(text, others, configId)]);
}

function readNode(text: string, others: Readonly<Record<string, string>> = {}, configId = "pg1"): Keepalived {
  const { lines, findings } = readLines("keepalived.conf", configId, filesOf({ "keepalived.conf": text, ...others }));
  const read = readKeepalived(readBlocks(lines));
  return { ...read, findings: [...findings, ...read.findings] };
}

/** The settings, which the agent itself must take without a word. */
async function accepted(draft: Draft): Promise<unknown> {
  return await loaded(yamlText(draft, ["a file"]));
}

async function loaded(text: string): Promise<unknown> {
  const file = `${directory}/pgvip.yml`;
  writeFileSync(file, text, { mode: 0o600 });
  await loadConfig({ flags: {}, environment: {}, file });
  return parse(text);
}

function whats(draft: Draft, kind: string): readonly string[] {
  return draft.findings.filter((finding) => finding.kind === kind).map(({ what }) => what);
}

async function run(...argv: readonly string[]) {
  let out = "";
  let err = "";
  const terminal = {
    environment: {},
    out: (text: string) => void (out += text),
    err: (text: string) => void (err += text),
  };
  const exitCode = await runCli(argv, terminal);
  return { exitCode, out, err };
}

const article = ["pgpat1", "pgpat2"].map((name) => fileURLToPath(new URL(`article/${name}.conf`, import.meta.url)));

describe("pgvip import keepalived", () => {
  it("makes one configuration of the article's two files, and says what was wrong in them", async () => {
    const { exitCode, out, err } = await run("import", "keepalived", ...article);
    assert.equal(exitCode, 0, err);
    assert.deepEqual(parse(out), {
      patroni: { url: "http://127.0.0.1:8008" },
      vips: [
        {
          address: "10.186.157.199/24",
          interface: "eth0",
          router_id: 50,
          label: "eth0:1",
          vrrp_version: 2,
          auth_pass: "~bG7n)4?",
          advert_interval: "1s",
          transport: "unicast",
          peers: ["10.186.157.60", "10.186.157.216"],
        },
      ],
    });
    await loaded(out);
    for (const warning of [
      /virtual_router_id 50 and 51 for one VIP .*never heard each other/,
      /state MASTER without priority .*priority 255.*three adverts/,
      /own address 10\.186\.157\.60 among unicast_peer/,
      /own address 10\.186\.157\.216 among unicast_peer/,
      /no_accept .*firewall.*PostgreSQL/,
    ]) {
      assert.match(err, warning);
    }
    assert.match(out, /each 1 s/);
    assert.match(out, /http:\/\/10\.186\.157\.60:8008 and http:\/\/10\.186\.157\.216:8008/);
  });

  it("follows includes, @id lines and definitions", async () => {
    const draft = imported(
      `$VIP=192.0.2.10/24
include vips/*.conf
vrrp_script check { script "curl -f http://localhost:8008/replica?lag=1MB" }`,
      {
        "vips/a.conf":
          "vrrp_instance A {\n@pg1 interface eth1 ! mine\n@pg2 interface eth2\nvirtual_router_id 7\nvirtual_ipaddress { ${VIP} }\ntrack_script { check }\n}",
      },
    );
    const { vips } = (await accepted(draft)) as { vips: readonly Record<string, unknown>[] };
    assert.deepEqual(
      vips.map(({ address, interface: device, role, max_lag: lag }) => [address, device, role, lag]),
      [["192.0.2.10/24", "eth1", "replica", "1MB"]],
    );
  });

  it("takes VRRPv3, IPv6 beside IPv4, and centiseconds", async () => {
    const draft = imported(
      `global_defs { vrrp_version 3 }
vrrp_instance A { interface eth0 virtual_router_id 9
advert_int 0.05
virtual_ipaddress { 192.0.2.10 }
virtual_ipaddress_excluded { 2001:db8::10/64 } }`.replace("interface eth0 virtual", "interface eth0\nvirtual"),
    );
    const { vips } = (await accepted(draft)) as { vips: readonly [Record<string, unknown>] };
    assert.deepEqual(vips[0]["address"], ["192.0.2.10/32", "2001:db8::10/64"]);
    assert.equal(vips[0]["advert_interval"], "50ms");
    assert.equal(vips[0]["vrrp_version"], undefined);
  });

  it("names what it does not translate", async () => {
    const draft = imported(`vrrp_sync_group G {
group { A } }
vrrp_script disk { script "/usr/local/bin/disk-ok" }
virtual_server 192.0.2.1 80 { }
vrrp_instance A {
interface eth0
virtual_routes { }
notify_master "/usr/local/bin/tell"
garp_master_delay 5
frobnicate on
virtual_ipaddress { 192.0.2.10/24 }
track_script {
disk
nothing
}
}`);
    await accepted(draft);
    const byHand = whats(draft, "byHand").join("; ");
    for (const what of [
      "vrrp_script disk",
      "virtual_server 192.0.2.1",
      "virtual_routes",
      "notify_master",
      "frobnicate on",
    ]) {
      assert.ok(byHand.includes(what), `${what} in ${byHand}`);
    }
    assert.deepEqual(whats(draft, "wrong"), ["no Patroni check", "track_script nothing"]);
    assert.ok(whats(draft, "notNeeded").join("; ").includes("vrrp_sync_group G"));
  });

  it("takes over the virtual MAC, where pgvip can have it", async () => {
    const instance = (lines: string): string => `vrrp_instance A {
interface eth0
${lines}
use_vmac vrrp.50
vmac_xmit_base
virtual_ipaddress { 192.0.2.10/24 label eth0:1 }
}`;
    const draft = imported(instance("virtual_router_id 50"));
    const { vips } = (await accepted(draft)) as { vips: readonly [Record<string, unknown>] };
    const { vmac, router_id, label } = vips[0];
    assert.deepEqual({ vmac, router_id, label }, { vmac: true, router_id: 50, label: undefined });
    assert.ok(whats(draft, "notNeeded").includes("label eth0:1"));
    assert.deepEqual(whats(draft, "byHand"), ["vmac_xmit_base"]);
    for (const lines of ["virtual_router_id 50\nunicast_peer { 192.0.2.2 }", ""]) {
      const without = imported(instance(lines));
      await accepted(without);
      assert.equal(without.vips[0]?.settings.vmac, undefined);
      assert.ok(whats(without, "byHand").includes("use_vmac"));
    }
  });

  it("says when only some nodes have the virtual MAC", async () => {
    const node = (lines: string): string =>
      `vrrp_instance A {\ninterface eth0\nvirtual_router_id 50\n${lines}\nvirtual_ipaddress { 192.0.2.10/24 } }`;
    const draft = draftOf([readNode(node("use_vmac")), readNode(node(""))]);
    await accepted(draft);
    assert.equal(draft.vips[0]?.settings.vmac, true);
    assert.ok(whats(draft, "wrong").includes("use_vmac on some nodes"));
  });

  it("takes over signatures: the key that signs first, the others as they come", async () => {
    const [one, two] = ["5a".repeat(32), "a5".repeat(32)];
    const draft = imported(`vrrp_instance A {
  interface eth0
  virtual_ipaddress { 192.0.2.9/24 }
  authentication { auth_type PASS
    auth_pass secret }
  auth_hmac {
    key 1 hex:${one}
    key 2 file:/etc/keepalived/keys/vrrp10
    key 3 hex:${two}
    key 4 file:keys/vrrp10
    active_key 3
    anti_replay monotonic
    time_window 7
    mode permissive
  }
}`);
    const [vip] = draft.vips;
    assert.deepEqual(vip?.settings.auth_keys, [
      `3=hex:${two}`,
      `1=hex:${one}`,
      "2=file:/etc/keepalived/keys/vrrp10",
      "4=file:keys/vrrp10",
    ]);
    const { auth_pass, auth_mode, auth_window } = vip.settings;
    assert.deepEqual(
      { auth_pass, auth_mode, auth_window },
      { auth_pass: undefined, auth_mode: "permissive", auth_window: "7s" },
    );
    const byHand = whats(draft, "byHand");
    assert.ok(byHand.includes("key 4") && byHand.includes("anti_replay monotonic"), byHand.join());
    assert.doesNotMatch(JSON.stringify(draft.findings), /5a5a|a5a5/);
    const sound = { ...draft, vips: [{ ...vip, settings: { ...vip.settings, auth_keys: [`3=hex:${two}`] } }] };
    assert.match(yamlText(sound, ["a file"]), /# as keepalived has them, the one that signs first/);
    await accepted(sound);
  });

  it("takes the check of a sync group for all its instances, and names its scripts", async () => {
    const draft = imported(`vrrp_sync_group BOTH {
group { A }
track_script { role }
notify_master /usr/local/bin/tell
}
vrrp_script role { script "curl -f http://10.0.0.1:8009/replica" }
vrrp_instance A {
interface eth0
virtual_ipaddress { 192.0.2.10/24 brd 192.0.2.255 scope site }
}`);
    const { patroni, vips } = (await accepted(draft)) as { patroni: unknown; vips: readonly Record<string, unknown>[] };
    assert.deepEqual(patroni, { url: "http://127.0.0.1:8009" });
    assert.equal(vips[0]?.["role"], "replica");
    assert.deepEqual(whats(draft, "byHand"), ["scope site", "notify_master /usr/local/bin/tell"]);
  });

  it("makes groups of what one instance mixes: interfaces, and IPv6 with VRRPv2", async () => {
    const draft = imported(`vrrp_instance A {
interface eth0
virtual_router_id 9
advert_int 0.4
authentication {
auth_type PASS
auth_pass longer-than-8
}
virtual_ipaddress {
192.0.2.10/24 label eth0:pg
192.0.2.11/24 label other
198.51.100.10/24 dev eth1
}
virtual_ipaddress_excluded { 2001:db8::10/64 }
}`);
    const { vips } = (await accepted(draft)) as { vips: readonly Record<string, unknown>[] };
    const wire = { router_id: 9, vrrp_version: 2, auth_pass: "longer-t", advert_interval: "1s" };
    assert.deepEqual(vips, [
      { address: ["192.0.2.10/24", "192.0.2.11/24"], interface: "eth0", label: "eth0:pg", ...wire },
      { address: "2001:db8::10/64", interface: "eth0", advert_interval: "400ms" },
      { address: "198.51.100.10/24", interface: "eth1", ...wire },
    ]);
    assert.deepEqual(whats(draft, "byHand"), ["label other", "virtual_router_id 9"]);
    assert.deepEqual(whats(draft, "wrong"), ["no Patroni check", "advert_int 0.4"]);
  });

  it("keeps the terms of an election, and Patroni's address where a certificate names it", async () => {
    const draft = imported(`global_defs { vrrp_version 3 }
vrrp_script role { script "/usr/bin/curl -sfk https://pg1.example:8008/replica?lag=1MB&tag_site=a" }
vrrp_instance A {
interface eth0
priority 100
nopreempt
preempt_delay 0.5
authentication { auth_pass secret }
virtual_ipaddress { 192.0.2.10/24 }
track_script { role }
}`);
    const { patroni, vips } = (await accepted(draft)) as { patroni: unknown; vips: readonly unknown[] };
    assert.deepEqual(patroni, { url: "https://pg1.example:8008", insecure: true });
    assert.deepEqual(vips, [
      {
        address: "192.0.2.10/24",
        interface: "eth0",
        role: "replica",
        max_lag: "1MB",
        tags: ["site=a"],
        preempt: false,
        preempt_delay: "500ms",
        advert_interval: "1s",
      },
    ]);
    assert.deepEqual(whats(draft, "byHand"), ["priority", "patroni.url https://pg1.example:8008"]);
    assert.ok(whats(draft, "notNeeded").includes("authentication"));
  });

  it("says what is wrong with a file that cannot be read, with exit code 2", async () => {
    const none = await run("import", "keepalived", "/nowhere/keepalived.conf");
    assert.deepEqual([none.exitCode, none.out], [2, ""]);
    assert.match(none.err, /\/nowhere\/keepalived\.conf/);
    assert.throws(() => imported("vrrp_instance A {"), /never closed/);
    assert.throws(() => imported('x "y'), /double quote/);
  });
});

describe("pgvip import vip-manager", () => {
  const etcd = `interval: 1000
trigger-key: "/service/demo/leader"
trigger-value: pg1
ip: 192.0.2.10
netmask: 24
interface: eth0
hosting-type: basic
dcs-type: etcd
dcs-endpoints:
  - http://10.0.0.3:2379
retry-num: 2`;

  it("takes the scope from the leader key, and leaves the DCS alone", async () => {
    const draft = readVipManager(etcd, "vip-manager.yml");
    assert.deepEqual(await accepted(draft), {
      patroni: { url: "http://127.0.0.1:8008", scope: "demo" },
      vips: [{ address: "192.0.2.10/24", interface: "eth0" }],
    });
    assert.deepEqual(whats(draft, "byHand"), []);
    assert.deepEqual(whats(draft, "notNeeded"), [
      "interval",
      "trigger-value",
      "dcs-type",
      "dcs-endpoints",
      "retry-num",
    ]);
  });

  it("reads the environment file of Debian's units", async () => {
    const text = `# The keys below are mandatory
VIP_IP="192.0.2.10"
VIP_MASK=24
VIP_NETMASK='24'
VIP_IFACE="eth0"
VIP_KEY="/service/batman/leader"
VIP_HOST="pg1"
VIP_ENDPOINT="http://10.0.0.3:2379"
#VIP_ETCD_USER
VIP_ETCD_PASSWORD=
`;
    const draft = readVipManager(text, "vip-manager");
    assert.deepEqual(await accepted(draft), {
      patroni: { url: "http://127.0.0.1:8008", scope: "batman" },
      vips: [{ address: "192.0.2.10/24", interface: "eth0" }],
    });
    assert.deepEqual(whats(draft, "notNeeded"), ["trigger-value", "dcs-endpoints"]);
    assert.deepEqual(whats(draft, "byHand"), []);
  });

  it("says which prefix length vip-manager makes up", async () => {
    for (const [ip, address] of [
      ["10.0.0.9", "10.0.0.9/8"],
      ["172.16.0.9", "172.16.0.9/16"],
      ["192.168.1.9", "192.168.1.9/24"],
    ]) {
      const draft = readVipManager(`ip: ${String(ip)}\nnetmask: -1\ninterface: eth0\nkey: /service/x/leader`, "f");
      const { vips } = (await accepted(draft)) as { vips: readonly [{ address: string }] };
      assert.equal(vips[0].address, address);
      assert.deepEqual(whats(draft, "byHand"), ["no netmask"]);
    }
  });

  it("knows the names before 1.0", async () => {
    const draft = readVipManager(
      "key: /service/demo/leader\nip: 2001:db8::1\nmask: 64\niface: eth1\nendpoint: http://a:2379\ntype: etcd\nhost: pg1",
      "old.yml",
    );
    assert.deepEqual(await accepted(draft), {
      patroni: { url: "http://127.0.0.1:8008", scope: "demo" },
      vips: [{ address: "2001:db8::1/64", interface: "eth1" }],
    });
  });

  it("takes the role from Patroni's health check", async () => {
    const text =
      "ip: 192.0.2.10\nnetmask: 24\ninterface: eth0\ndcs-type: patroni\ndcs-endpoints: http://127.0.0.1:8009/\ntrigger-key: /replica\ntrigger-value: 200";
    assert.deepEqual(await accepted(readVipManager(text, "f")), {
      patroni: { url: "http://127.0.0.1:8009" },
      vips: [{ address: "192.0.2.10/24", interface: "eth0", role: "replica" }],
    });
  });

  it("names what it cannot take over", async () => {
    const draft = readVipManager(`${etcd.replace("basic", "hetzner")}\ncolour: red`, "f");
    assert.deepEqual(whats(draft, "byHand"), ["manager-type hetzner", "colour red"]);
  });

  it("refuses what is not its file", async () => {
    assert.throws(() => readVipManager("- a\n- b", "f"), /f: no settings/);
    assert.throws(() => readVipManager("interface: eth0", "f"), /f: no ip/);
    assert.throws(() => readVipManager("a: [", "f"), /^PgvipError: f: /);
  });
});
