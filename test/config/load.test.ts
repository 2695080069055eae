/** From sources to a configuration: defaults, precedence, Patroni's own file. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { fields } from "../../src/config/fields.js";
import { loadSocketPath } from "../../src/config/load.js";
import { parseDuration } from "../../src/config/values.js";
import { load, loaded, problems } from "./sources.js";

const VIP = "vips: [{ address: 10.0.0.5/24 }]\n";

test("--vip alone suffices, and every default is resolved", async () => {
  assert.deepEqual(await loaded({ flags: { vip: "10.186.157.199/24" } }), {
    patroni: {
      url: "http://127.0.0.1:8008",
      scope: null,
      name: null,
      credentials: null,
      tls: { ca: null, client: null, verify: true },
      connectTimeoutMs: 100,
      postgres: { host: "127.0.0.1", port: 5432 },
    },
    clusters: new Map(),
    groups: [
      {
        vips: [{ family: "ipv4", address: "10.186.157.199", prefixLength: 24 }],
        interface: null,
        cluster: null,
        role: "primary",
        healthPath: "/primary",
        election: null,
        routerId: null,
        label: null,
        virtualMac: false,
        priority: 254,
        dialect: { kind: "v3", checksum: "pseudoHeader" },
        signatures: null,
        transport: { kind: "multicast" },
        takeOn: "auto",
        kernelLeaseSeconds: 2,
        destroySockets: true,
        timing: {
          advertIntervalMs: 100,
          pollMs: 100,
          turboMs: 10,
          lockPollMs: 5,
          answerTimeoutMs: 300,
          leaseMs: 1000,
          holdTimeoutMs: 5000,
          silenceTimeoutMs: 15_000,
          startupGraceMs: 3000,
          promoteGraceMs: 1000,
          skewUnitMs: null,
        },
      },
    ],
    onStop: "release",
    socketPath: "/run/pgvip/pgvip.sock",
    stateDirectory: "/var/lib/pgvip",
    notify: { fifoPath: "/run/pgvip/notify", group: null },
    hooks: { acquire: null, release: null, fault: null, user: null, timeoutMs: 10_000 },
    metrics: null,
    logLevel: "info",
  });
});

test("metrics on a bare port are for this host alone", async () => {
  const at = async (yaml: string) =>
    (await loaded({ yaml: `vips: [{address: 10.0.0.9/24}]\nmetrics: ${yaml}` })).metrics;
  assert.deepEqual(await at("9187"), { host: "127.0.0.1", port: 9187 });
  assert.deepEqual(await at('"9187"'), { host: "127.0.0.1", port: 9187 });
  assert.deepEqual(await at("10.0.0.1:9187"), { host: "10.0.0.1", port: 9187 });
  const flags = { vip: "10.0.0.9/24", metrics: "9187" };
  assert.deepEqual((await loaded({ flags })).metrics, { host: "127.0.0.1", port: 9187 });
  for (const wrong of ["0", "65536", "9187.5", "-1", '":9187"']) {
    await assert.rejects(at(wrong), /wanted a port, or host:port/, wrong);
  }
});

test("a file says everything else", async () => {
  const config = await loaded({
    yaml: `
patroni:
  url: https://pg1.example:8443/
  scope: demo
  name: pg1
  insecure: true
  postgres: "[::1]:5433"
vips:
  - address: [10.0.0.5/24, "2001:DB8::5/64"]
    interface: eth0
    router_id: 50
    label: eth0:1
    checksum: pdu-only
    kernel_lease: off
    advert_interval: 40.95s
    hold_timeout: 1.5m
  - address: 10.0.0.6/24
    transport: unicast
    peers: [10.0.0.2, 10.0.0.3]
  - address: 10.0.0.7/24
    transport: unicast
on_stop: keep
`,
  });
  const [first, second, third] = config.groups;
  assert.equal(config.patroni.url, "https://pg1.example:8443");
  assert.equal(config.patroni.tls.verify, false);
  assert.deepEqual(config.patroni.postgres, { host: "::1", port: 5433 });
  assert.deepEqual(first?.vips[1], { family: "ipv6", address: "2001:db8::5", prefixLength: 64 });
  assert.deepEqual([first.routerId, first.label], [50, "eth0:1"]);
  assert.deepEqual(first.dialect, { kind: "v3", checksum: "pduOnly" });
  assert.deepEqual([first.kernelLeaseSeconds, first.timing.advertIntervalMs], [0, 40_950]);
  assert.equal(first.timing.holdTimeoutMs, 90_000);
  assert.deepEqual(second?.transport, { kind: "unicast", peers: ["10.0.0.2", "10.0.0.3"] });
  assert.deepEqual(third?.transport, { kind: "unicast", peers: "members" });
  assert.equal(config.onStop, "keep");
});

test("VRRPv2 as the article's keepalived.conf has it", async () => {
  const { groups } = await loaded({
    yaml: `
vips:
  - address: 10.186.157.199/24
    interface: eth0
    label: eth0:1
    router_id: 50
    vrrp_version: 2
    auth_pass: ~bG7n)4?
    transport: unicast
    peers: [10.186.157.60, 10.186.157.216]
`,
  });
  const bytes = new TextEncoder().encode("~bG7n)4?");
  assert.deepEqual(groups[0]?.dialect, { kind: "v2", authentication: { kind: "password", bytes } });
  assert.equal(groups[0].timing.advertIntervalMs, 1000);
});

test("a VRRPv2 password comes from a file or the environment too, and no flag takes one", async () => {
  const yaml = "vips: [{ address: 10.0.0.5/24, vrrp_version: 2, advert_interval: 255s }]";
  const [fromEnvironment] = (await loaded({ yaml, environment: { PGVIP_AUTH_PASS: "12345678" } })).groups;
  const bytes = new TextEncoder().encode("12345678");
  assert.deepEqual(fromEnvironment?.dialect, { kind: "v2", authentication: { kind: "password", bytes } });
  assert.equal(fromEnvironment.timing.advertIntervalMs, 255_000);
  assert.equal(fromEnvironment.timing.skewUnitMs, 1_000);
  const files = { yaml: yaml.replace("2,", "2, auth_pass_file: PASS_FILE,"), passFile: "abc\nnothing of this\n" };
  const [fromFile] = (await loaded(files)).groups;
  const padded = new Uint8Array([0x61, 0x62, 0x63, 0, 0, 0, 0, 0]);
  assert.deepEqual(fromFile?.dialect, { kind: "v2", authentication: { kind: "password", bytes: padded } });
  assert.equal(fields().find(({ path }) => path === "vips[].auth_pass")?.flag, null);
});

test("flags go before environment, environment before file, key by key", async () => {
  const config = await loaded({
    flags: { "router-id": "3" },
    environment: { PGVIP_ROUTER_ID: "2", PGVIP_INTERFACE: "eth2", PGVIP_LOG_LEVEL: "debug", PGVIP_LABEL: "" },
    yaml: "vips: [{ address: 10.0.0.5/24, router_id: 1, interface: eth1, priority: 7 }]\nlog_level: warn\n",
  });
  const [group] = config.groups;
  assert.deepEqual([group?.routerId, group?.interface, group?.priority, group?.label], [3, "eth2", 7, null]);
  assert.equal(config.logLevel, "debug");
});

test("lists and booleans come from flags and environment too", async () => {
  const { groups, patroni } = await loaded({
    flags: { vip: "10.0.0.5/24, 10.0.0.6/24", "destroy-sockets": "false" },
    environment: { PGVIP_PATRONI_URL: "http://[::1]:8008", PGVIP_TRANSPORT: "unicast", PGVIP_PEERS: "10.0.0.2" },
  });
  assert.deepEqual(
    groups[0]?.vips.map(({ address }) => address),
    ["10.0.0.5", "10.0.0.6"],
  );
  assert.deepEqual([groups[0].destroySockets, patroni.url], [false, "http://[::1]:8008"]);
  assert.deepEqual(groups[0].transport, { kind: "unicast", peers: ["10.0.0.2"] });
});

test("flags that describe one VIP do not go with a file that has several", async () => {
  const yaml = "vips: [{ address: 10.0.0.5/24 }, { address: 10.0.0.6/24 }]";
  assert.deepEqual(
    await problems({ yaml, flags: { interface: "eth0", "router-id": "4" }, environment: { PGVIP_VIP: "10.0.0.9/24" } }),
    [
      "PGVIP_VIP: describes one VIP, but the file has 2 entries in vips; wanted these settings in the file",
      "--interface, --router-id: describes one VIP, but the file has 2 entries in vips; wanted these settings in the file",
    ],
  );
});

const PATRONI_YML = `
scope: demo
name: pg1
restapi:
  listen: 0.0.0.0:8009
  connect_address: 10.0.0.1:8009
  authentication: { username: admin, password: s3cret }
postgresql:
  listen: 10.0.0.1,127.0.0.1:5433
  connect_address: 10.0.0.9:5433
`;

test("Patroni's own file tells how to reach Patroni", async () => {
  const { patroni } = await loaded({ yaml: `${VIP}patroni: { config: PATRONI_YML }`, patroniYaml: PATRONI_YML });
  assert.equal(patroni.url, "http://127.0.0.1:8009");
  assert.deepEqual([patroni.scope, patroni.name], ["demo", "pg1"]);
  assert.deepEqual(patroni.credentials, { username: "admin", password: "s3cret" });
  assert.deepEqual(patroni.postgres, { host: "10.0.0.1", port: 5433 });
});

test("settings of our own go before Patroni's file", async () => {
  const yaml = `${VIP}patroni: { config: PATRONI_YML, scope: other }`;
  const { patroni } = await loaded({ yaml, patroniYaml: PATRONI_YML, flags: { "patroni-url": "http://pg:1" } });
  assert.deepEqual([patroni.scope, patroni.url, patroni.name], ["other", "http://pg:1", "pg1"]);
});

test("with TLS, Patroni is asked by the name of its certificate", async () => {
  const patroniYaml = `
restapi:
  listen: "*:8008"
  connect_address: pg1.example:8008
  certfile: /dev/null
  keyfile: /etc/hostname
  cafile: /etc/passwd
  verify_client: required
postgresql: { listen: "*:5432" }
`;
  const { patroni } = await loaded({ yaml: `${VIP}patroni: { config: PATRONI_YML }`, patroniYaml });
  assert.equal(patroni.url, "https://pg1.example:8008");
  assert.deepEqual(patroni.tls, {
    ca: "/etc/passwd",
    client: { cert: "/dev/null", key: "/etc/hostname" },
    verify: true,
  });
  assert.deepEqual(patroni.postgres, { host: "127.0.0.1", port: 5432 });
});

test("without TLS on Patroni's side none of its TLS files are taken", async () => {
  const patroniYaml =
    "restapi: { verify_client: required }\nctl: { cacert: /a, certfile: /b, keyfile: /c, insecure: true }\n";
  const { patroni } = await loaded({ yaml: `${VIP}patroni: { config: PATRONI_YML }`, patroniYaml });
  assert.deepEqual(patroni.tls, { ca: null, client: null, verify: true });
});

test("what is wrong in Patroni's file is reported with its place there", async () => {
  const patroniYaml = "scope: 12\nrestapi:\n  listen: here:and:there\n";
  assert.deepEqual(await problems({ yaml: `${VIP}patroni: { config: PATRONI_YML }`, patroniYaml }), [
    `patroni.yml:3:11: patroni.url is "http://here:and:there"; wanted http:// or https:// with a host and at most a port, such as http://127.0.0.1:8008`,
    "patroni.yml:1:8: patroni.scope is 12; wanted a text on one line, without blanks around it",
  ]);
});

test("a named file must be there, the default one need not", async () => {
  const missing = { PGVIP_CONFIG: "/nowhere/pgvip.yml" };
  assert.deepEqual(await problems({ environment: missing }), ["/nowhere/pgvip.yml: cannot be read (ENOENT)"]);
  assert.deepEqual(await problems({}), [
    "vips is missing; wanted a list with at least one VIP: --vip 192.0.2.10/24, PGVIP_VIP, or `vips:` in the file",
  ]);
});

test("the control socket is found although the rest is wrong", async () => {
  const sources = { flags: {}, file: null, defaultFile: "/nowhere" };
  assert.equal(await loadSocketPath({ ...sources, environment: { PGVIP_SOCKET: "/tmp/a.sock" } }), "/tmp/a.sock");
  assert.equal(await loadSocketPath({ ...sources, environment: {} }), "/run/pgvip/pgvip.sock");
});

test("but not where a file is named that is not there", async () => {
  const sources = { flags: { socket: "/tmp/a.sock" }, defaultFile: "/nowhere" };
  const absent = { name: "ConfigError", message: /\/nowhere: cannot be read \(ENOENT\)/ };
  await assert.rejects(loadSocketPath({ ...sources, file: "/nowhere", environment: {} }), absent);
  await assert.rejects(loadSocketPath({ ...sources, file: null, environment: { PGVIP_CONFIG: "/nowhere" } }), absent);
});

test("durations keep what was written, whatever the unit", () => {
  const units = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 } as const;
  fc.assert(
    fc.property(fc.nat(1_000_000), fc.constantFrom("ms", "s", "m", "h"), (amount, unit) => {
      assert.equal(parseDuration(`${String(amount)}${unit}`), amount * units[unit]);
    }),
  );
  assert.equal(parseDuration("40.95s"), 40_950);
  for (const text of ["100", "", "ms", "-1s", "1 s", "1e3ms", "1s1", "१s"])
    assert.equal(parseDuration(text), null, text);
});

test("whatever is in a file, loading ends with a configuration or with problems", async () => {
  const key = fc.constantFrom("vips", "patroni", "socket", "address", "router_id", "url", "peers", "__proto__", "x");
  const value = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.constantFrom<unknown>(null, true, 7, "10.0.0.5/24", "eth0", "5s", "http://h", "off", ""),
      fc.array(tie("value"), { maxLength: 3 }),
      fc.dictionary(key, tie("value"), { maxKeys: 4 }),
    ),
  })).value;
  await fc.assert(
    fc.asyncProperty(value, async (tree) => {
      const result = await load({ yaml: JSON.stringify(tree) });
      assert.ok(result.ok || result.problems.length > 0);
    }),
    { numRuns: 300 },
  );
});

test("keys from files, the environment and the YAML file: the first signs, all are accepted", async () => {
  const digits = "0a".repeat(32);
  const text = "a text that is long enough for it";
  const yaml = `vips: [{ address: 10.0.0.5/24, advert_interval: 3s, auth_keys: [9=file:KEY_FILE, "8=hex:${digits}"] }]`;
  const fromFile = await loaded({ yaml, keyFile: `${text}\n`, mode: 0o640 });
  assert.deepEqual(fromFile.groups[0]?.signatures, {
    keys: [
      { id: 9, bytes: new TextEncoder().encode(text) },
      { id: 8, bytes: new Uint8Array(32).fill(10) },
    ],
    mode: "enforce",
    windowSeconds: 9,
  });
  const environment = { PGVIP_AUTH_KEYS: `1=hex:${digits}`, PGVIP_AUTH_MODE: "permissive" };
  const fromEnvironment = await loaded({ environment, yaml: VIP, mode: 0o644 });
  assert.deepEqual(fromEnvironment.groups[0]?.signatures, {
    keys: [{ id: 1, bytes: new Uint8Array(32).fill(10) }],
    mode: "permissive",
    windowSeconds: 5,
  });
  const window = await loaded({ environment, flags: { "auth-window": "30s" }, yaml: VIP });
  assert.equal(window.groups[0]?.signatures?.windowSeconds, 30);
});
