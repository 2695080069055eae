/** Checks that read files of the host: machines and managers that the lab cannot be, from files as they are written there. */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname } from "node:path";
import { after, describe, it } from "node:test";
import { peerClocks } from "../../src/diagnose/checks/clocks.js";
import { peers } from "../../src/diagnose/checks/firewall.js";
import { clock, release, timing } from "../../src/diagnose/checks/patroni.js";
import { container, machine, virtualMac } from "../../src/diagnose/checks/platform.js";
import { networkManagers, otherAgents } from "../../src/diagnose/checks/managers.js";
import { sysctls } from "../../src/diagnose/checks/sysctls.js";
import { followedClusters } from "../../src/config/config.js";
import type { Evidence, PatroniEvidence, PeerEvidence } from "../../src/diagnose/evidence.js";
import type { Said } from "../../src/diagnose/finding.js";
import { HostFiles } from "../../src/diagnose/host-files.js";
import { loadConfig } from "../../src/config/load.js";
import { parseStatus } from "../../src/wire/patroni.js";

const directory = mkdtempSync(`${tmpdir()}/pgvip-host-`);
after(() => {
  rmSync(directory, { recursive: true });
});

const config = await loadConfig({
  flags: { vip: "10.0.0.100/24" },
  environment: {},
  file: null,
  defaultFile: "/absent",
});
let roots = 0;

/** A node with these files, and eth0 as its second interface. */
function evidenceOf(files: Readonly<Record<string, string>>, change: Partial<Evidence> = {}): Evidence {
  roots += 1;
  const root = `${directory}/${roots}`;
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(root + path), { recursive: true });
    writeFileSync(root + path, text);
  }
  const link = {
    ifIndex: 2,
    name: "eth0",
    up: true,
    carrier: true,
    loopback: false,
    mac: new Uint8Array(6),
    mtu: 1500,
  };
  const group = {
    config: config.groups[0]!,
    place: { ok: true, ifIndex: 2, name: "eth0" } as const,
    routerId: 51,
    sightings: [],
    advertsReceived: 0,
    answers: new Map(),
  };
  return {
    config,
    files: new HostFiles(root),
    processes: [],
    process: { missingCapabilities: [], addon: { kind: "loaded", napi: 8 }, rawSocket: null },
    clusters: [patroniOf()],
    firewall: { kind: "unknown", text: "" },
    network: { links: [link], addresses: [], groups: [group], listenedMs: 1000 },
    peers: [],
    clocks: [],
    ...change,
  };
}

function patroniOf(change: Partial<PatroniEvidence> = {}): PatroniEvidence {
  return {
    followed: followedClusters(config)[0]!,
    observation: { kind: "unknown", reason: "refused", detail: "", port: "unknown" },
    askedAtMs: 0,
    dcs: { kind: "unavailable", detail: "" },
    members: { kind: "unavailable", detail: "" },
    ...change,
  };
}

function severities(said: readonly Said[]): readonly string[] {
  return said.flatMap((one) => (one.kind === "problem" ? [one.severity] : []));
}

function dmi(strings: Readonly<Record<string, string>>): Evidence {
  return evidenceOf(
    Object.fromEntries(Object.entries(strings).map(([name, text]) => [`/sys/class/dmi/id/${name}`, `${text}\n`])),
  );
}

describe("the machine", () => {
  const machines: readonly (readonly [string, Readonly<Record<string, string>>, string | null])[] = [
    ["Amazon EC2", { sys_vendor: "Amazon EC2", product_name: "m5.large" }, "error"],
    [
      "Microsoft Azure",
      {
        sys_vendor: "Microsoft Corporation",
        product_name: "Virtual Machine",
        chassis_asset_tag: "7783-7084-3265-9085-8269-3286-77",
      },
      "error",
    ],
    ["Hyper-V", { sys_vendor: "Microsoft Corporation", product_name: "Virtual Machine" }, "advice"],
    ["Google Compute Engine", { sys_vendor: "Google", product_name: "Google Compute Engine" }, "error"],
    ["OpenStack", { sys_vendor: "OpenStack Foundation", product_name: "OpenStack Nova" }, "warning"],
    ["VMware", { sys_vendor: "VMware, Inc." }, "advice"],
    ["QEMU/KVM", { sys_vendor: "QEMU", product_name: "Standard PC (Q35 + ICH9, 2009)" }, "advice"],
    ["a server of one's own", { sys_vendor: "Dell Inc.", product_name: "PowerEdge R650" }, null],
    ["a machine without DMI", {}, null],
  ];
  for (const [name, strings, severity] of machines) {
    it(`${name}: ${severity ?? "fine"}`, () => {
      const said = machine(dmi(strings));
      assert.deepEqual(severities(said), severity === null ? [] : [severity]);
      if (severity !== null) assert.ok(said[0]!.what.includes(name), said[0]!.what);
    });
  }
});

describe("a virtual MAC", () => {
  const vmac = { ...config, groups: config.groups.map((group) => ({ ...group, virtualMac: true, routerId: 51 })) };
  const virtual = { "/proc/cpuinfo": "flags\t\t: fpu sse hypervisor lahf_lm\n" };
  const physical = { "/proc/cpuinfo": "flags\t\t: fpu sse lahf_lm\n" };
  it("is a matter of the hypervisor in a virtual machine, and of nobody elsewhere", () => {
    assert.deepEqual(severities(virtualMac(evidenceOf(virtual, { config: vmac }))), ["advice"]);
    assert.deepEqual(severities(virtualMac(evidenceOf(physical, { config: vmac }))), []);
    assert.deepEqual(virtualMac(evidenceOf(virtual)), []);
  });
});

describe("a container", () => {
  const signs: readonly (readonly [string, Readonly<Record<string, string>>, string | null])[] = [
    ["LXC by systemd's word", { "/run/systemd/container": "lxc\n" }, "advice"],
    ["podman by its environment", { "/proc/1/environ": "PATH=/bin\0container=podman\0" }, "warning"],
    ["Docker by its file", { "/.dockerenv": "" }, "warning"],
    ["none", { "/proc/1/environ": "PATH=/bin\0" }, null],
  ];
  for (const [name, files, severity] of signs) {
    it(name, () => {
      assert.deepEqual(severities(container(evidenceOf(files))), severity === null ? [] : [severity]);
    });
  }

  // What a container of Docker 20.10 finds of itself: on a bridge, and on the network of its host.
  const docker = { "/.dockerenv": "", "/proc/self/mounts": "proc /proc/sys proc ro,nosuid,nodev,noexec 0 0\n" };
  const bridged = { ...docker, "/sys/class/net/eth0/iflink": "10\n" };
  const hosted = { ...docker, "/sys/class/net/eth0/iflink": "2\n" };
  const promote = (value: number) => ({
    "/proc/sys/net/ipv4/conf/eth0/promote_secondaries": `${String(value)}\n`,
    "/proc/sys/net/ipv4/conf/all/promote_secondaries": "0\n",
  });

  it("may have the VIP on the network of its host, or of the other members", () => {
    const member = { name: "pg2", role: "replica", state: "running", host: "10.0.0.2", port: 5432 } as const;
    const members = [{ ...member, apiUrl: null, timeline: 1, lagBytes: 0 }];
    const alone = evidenceOf(bridged, { clusters: [patroniOf({ members })] });
    assert.match(container(alone)[0]?.what ?? "", /\(docker\), and no other member of the cluster answers/);
    const [group] = alone.network?.groups ?? [];
    const near = { ...group!, answers: new Map([["10.0.0.2", []]]) };
    assert.deepEqual(severities(container({ ...alone, network: { ...alone.network!, groups: [near] } })), []);
    assert.deepEqual(severities(container(evidenceOf(hosted))), []);
    // A VLAN has its other end beside it.
    assert.deepEqual(severities(container(evidenceOf({ ...bridged, "/sys/class/net/eth0/lower_eth9": "" }))), []);
    assert.deepEqual(severities(container(evidenceOf(hosted, { network: null }))), ["warning"]);
  });

  it("does not see its host's VIP managers, and says so where they could be in the way", () => {
    const kinds = (files: Readonly<Record<string, string>>) => otherAgents(evidenceOf(files)).map(({ kind }) => kind);
    assert.deepEqual(kinds(hosted), ["skipped"]);
    assert.deepEqual(kinds({ ...hosted, "/proc/2/comm": "kthreadd\n" }), ["passed"]);
    assert.deepEqual(kinds(bridged), ["passed"]);
    assert.deepEqual(kinds({}), ["passed"]);
  });

  it("is given sysctls where it is made, when it may not set them", () => {
    const mends = (files: Readonly<Record<string, string>>) =>
      sysctls(evidenceOf(files)).map((one) => (one.kind === "problem" ? one.mend : one.kind));
    assert.match(
      mends({ ...docker, ...promote(0) }).join(),
      /there; .*: --sysctl net\.ipv4\.conf\.all\.promote_secondaries=1$/,
    );
    assert.match(mends(promote(0)).join(), /^sysctl -w net\.ipv4\.conf\.eth0\.promote_secondaries=1, and/);
    assert.deepEqual(mends({ ...docker, ...promote(1) }), ["passed"]);
    const mounts = "proc /proc/sys/net proc rw,nosuid 0 0\nproc /proc/sys proc ro,relatime 0 0\n";
    const lxc = { "/proc/1/environ": "container=lxc\0", "/proc/self/mounts": mounts };
    assert.match(mends({ ...lxc, ...promote(0) }).join(), /^sysctl -w/);
  });
});

describe("systemd-networkd", () => {
  const state = "ADMIN_STATE=configured\nNETWORK_FILE=/etc/systemd/network/10-lan.network\n";
  function networkd(network: string, more: Readonly<Record<string, string>> = {}, link = state): readonly Said[] {
    const files = { "/run/systemd/netif/links/2": link, "/etc/systemd/network/10-lan.network": network, ...more };
    return networkManagers(evidenceOf(files));
  }

  it("deletes the VIP unless it is told to keep what is there", () => {
    assert.deepEqual(severities(networkd("[Network]\nDHCP=yes\n")), ["warning"]);
    assert.deepEqual(severities(networkd("[Network]\nKeepConfiguration=yes\n")), []);
  });

  it("is not kept from it by KeepConfiguration=static, since a VIP with a kernel lease counts as dynamic", () => {
    const [said] = networkd("[Network]\nKeepConfiguration=static\n");
    assert.match(said?.what ?? "", /KeepConfiguration=static/);
  });

  it("takes the last word of its drop-ins", () => {
    const dropIn = "/etc/systemd/network/10-lan.network.d/vip.conf";
    const link = `${state}NETWORK_FILE_DROPINS="${dropIn}"\n`;
    assert.deepEqual(
      severities(
        networkd("[Network]\nKeepConfiguration=no\n", { [dropIn]: "[Network]\nKeepConfiguration=yes\n" }, link),
      ),
      [],
    );
  });

  it("leaves interfaces alone that it does not manage", () => {
    assert.deepEqual(severities(networkd("", {}, "ADMIN_STATE=unmanaged\n")), []);
    assert.deepEqual(severities(networkManagers(evidenceOf({}))), []);
  });
});

describe("NetworkManager", () => {
  it("is named when it manages the interface", () => {
    const of = (text: string): readonly string[] =>
      severities(networkManagers(evidenceOf({ "/run/NetworkManager/devices/2": text })));
    assert.deepEqual(of("[device]\nmanaged=true\nconnection-uuid=1\n"), ["advice"]);
    assert.deepEqual(of("[device]\nmanaged=false\n"), []);
  });
});

describe("Patroni's timing", () => {
  function judged(ttl: number, loopWait: number, retryTimeout: number, failsafeMode = true): readonly Said[] {
    const dcs = { ttlMs: ttl * 1000, loopWaitMs: loopWait * 1000, retryTimeoutMs: retryTimeout * 1000, failsafeMode };
    return timing(patroniOf({ dcs }));
  }

  it("is fine when it is fast and keeps Patroni's rule", () => {
    assert.deepEqual(severities(judged(20, 2, 8)), []);
  });

  it("is an error when a primary can outlive its lock", () => {
    const said = judged(20, 10, 10);
    assert.equal(severities(said)[0], "error");
    assert.match(said[0]!.what, /loop_wait 10 s \+ 2 × retry_timeout 10 s is more than ttl 20 s/);
  });

  it("is a warning when nothing is left of the lock for a silent Patroni", () => {
    assert.ok(severities(judged(20, 18, 1)).includes("warning"));
  });

  it("is advised to be faster, and failsafe", () => {
    assert.deepEqual(severities(judged(30, 10, 10, false)), ["advice", "advice"]);
    assert.deepEqual(severities(judged(20, 6, 3)), ["advice"]);
  });
});

describe("Patroni's version", () => {
  const versions: readonly (readonly [string | null, Said["kind"]])[] = [
    ["2.1.4", "problem"],
    ["3.0.2", "problem"],
    ["3.0.3", "passed"],
    ["3.10.0", "passed"],
    ["4.0.0", "passed"],
    ["unknown", "skipped"],
    [null, "skipped"],
  ];
  for (const [version, kind] of versions) {
    it(`${version ?? "none"}: ${kind}`, () => {
      const parsed = parseStatus(JSON.stringify({ role: "primary", state: "running", patroni: { version } }));
      assert.ok(parsed.ok);
      const observation = { kind: "answered", hasRole: true, status: parsed.value, dcsSeenAtMs: null } as const;
      assert.deepEqual(
        release(patroniOf({ observation })).map((said) => said.kind),
        [kind],
      );
    });
  }
});

describe("the clock", () => {
  const SEEN = 1_700_000_000;
  function judged(wallMs: number): readonly Said[] {
    const body = { role: "primary", state: "running", dcs_last_seen: SEEN };
    const parsed = parseStatus(JSON.stringify(body));
    assert.ok(parsed.ok);
    const observation = { kind: "answered", hasRole: true, status: parsed.value, dcsSeenAtMs: null } as const;
    const dcs = { ttlMs: 30_000, loopWaitMs: 10_000, retryTimeoutMs: 10_000, failsafeMode: false };
    return clock(patroniOf({ observation, dcs, askedAtMs: wallMs, members: [] }));
  }

  it("agrees with Patroni's last look at its DCS", () => {
    assert.equal(judged(SEEN * 1000 + 9_000)[0]?.kind, "passed");
  });

  it("was set back, or jumped ahead", () => {
    assert.match(judged(SEEN * 1000 - 5_000)[0]!.what, /5 s in the future/);
    assert.match(judged(SEEN * 1000 + 60_000)[0]!.what, /60 s ago/);
  });
});

describe("the clocks of the other members", () => {
  const NOW = 1_700_000_000_400;

  /** The question took 100 ms; the other host's second began so much before it was sent. */
  function judged(aheadMs: number): readonly Said[] {
    const dateMs = Math.floor((NOW + aheadMs) / 1000) * 1000;
    const outcome = { kind: "told", dateMs, sentAtMs: NOW, receivedAtMs: NOW + 100 } as const;
    return peerClocks(evidenceOf({}, { clocks: [{ name: "pg2", outcome }] }));
  }

  it("agree when whole seconds and the way of the answer explain the difference", () => {
    for (const aheadMs of [-2_400, -1_000, 0, 500, 2_000]) assert.equal(judged(aheadMs)[0]?.kind, "passed");
  });

  it("are a warning when they are more than two seconds apart", () => {
    assert.match(judged(-10_000)[0]!.what, /the clock of pg2 is 9\.4 s behind this host's/);
    assert.match(judged(60_000)[0]!.what, /the clock of pg2 is 59\.5 s ahead of this host's/);
    assert.deepEqual(severities(judged(60_000)), ["warning"]);
  });

  it("are not checked where nobody tells the time", () => {
    const outcome = { kind: "silent", text: "refused" } as const;
    const said = peerClocks(evidenceOf({}, { clocks: [{ name: "pg2", outcome }] }));
    assert.deepEqual(said, [{ kind: "skipped", what: "pg2 did not tell its time: refused" }]);
    assert.equal(peerClocks(evidenceOf({}))[0]?.kind, "skipped");
  });
});

describe("the packet to each peer", () => {
  function judged(outcome: PeerEvidence["outcome"]): Said {
    return peers(evidenceOf({}, { peers: [{ name: "pg2", address: "10.0.0.2", outcome }] }))[0]!;
  }

  it("proves nothing when no answer comes", () => {
    assert.equal(judged({ kind: "silent" }).kind, "skipped");
  });

  it("is a problem when somebody refuses it", () => {
    assert.equal(judged({ kind: "prohibited", code: 13 }).kind, "problem");
    assert.equal(judged({ kind: "notSent", text: "EPERM" }).kind, "problem");
  });
});
