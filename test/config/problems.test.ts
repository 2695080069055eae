/** Each thing that can be wrong with a configuration, and the message that people get for it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { loadConfig } from "../../src/config/load.js";
import { ConfigError } from "../../src/config/problems.js";
import { problems } from "./sources.js";

const CIDR = "wanted an address with its prefix length, such as 192.0.2.10/24";
const DURATION = "wanted a duration with its unit (ms, s, m, h)";
const PASSWORD = "wanted one to eight printable ASCII characters, as a text";
const URL_WANTED = "wanted http:// or https:// with a host and at most a port, such as http://127.0.0.1:8008";

const KEY = "hex: and 64 to 128 hexadecimal digits, or 32 to 64 printable ASCII characters";
const KEYS = `wanted an ID from 1 to 255, = and file:/path, or ${KEY}`;
const HEX = `hex:${"0a".repeat(32)}`;

/** Settings of one VIP beside its address, and the problem. */
const VIP_CASES: readonly (readonly [string, string])[] = [
  ["router_id: 0", "router_id is 0; wanted a whole number from 1 to 255"],
  ["router_id: 256", "router_id is 256; wanted a whole number from 1 to 255"],
  ["router_id: 1.5", "router_id is 1.5; wanted a whole number from 1 to 255"],
  ['router_id: "50"', 'router_id is "50"; wanted a whole number from 1 to 255'],
  ["priority: 0", "priority is 0; wanted a whole number from 1 to 255"],
  ["routre_id: 5", "routre_id is unknown; did you mean router_id?"],
  ["adress: 5", "adress is unknown; did you mean address?"],
  [
    "interface: eth0/1",
    'interface is "eth0/1"; wanted an interface name of at most 15 characters, without spaces and slashes',
  ],
  [
    "label: abcdefghijklmnop",
    'label is "abcdefghijklmnop"; wanted a label of at most 15 characters, without spaces and slashes',
  ],
  ["{ interface: eth0, label: eth1:1 }", "label is eth1:1; wanted eth0 or eth0: and a suffix, such as eth0:1"],
  ["poll_interval: 100", `poll_interval is 100; ${DURATION}, from 10ms to 10s`],
  ["poll_interval: 100sec", `poll_interval is "100sec"; ${DURATION}, from 10ms to 10s`],
  ["poll_interval: 1ms", `poll_interval is "1ms"; ${DURATION}, from 10ms to 10s`],
  ["advert_interval: 15ms", `advert_interval is "15ms"; ${DURATION}, from 10ms to 255s in steps of 10ms`],
  ["advert_interval: 41s", "advert_interval is 41000ms; wanted at most 40.95s with vrrp_version: 3"],
  ["advert_interval: 256s", `advert_interval is "256s"; ${DURATION}, from 10ms to 255s in steps of 10ms`],
  [
    "{ vrrp_version: 2, advert_interval: 100ms }",
    "advert_interval is 100ms; wanted whole seconds from 1s to 255s with vrrp_version: 2",
  ],
  [
    "{ vrrp_version: 2, advert_interval: 1500ms }",
    "advert_interval is 1500ms; wanted whole seconds from 1s to 255s with vrrp_version: 2",
  ],
  ["{ auth_pass: secret12 }", "auth_pass has no effect; only VRRPv2 has passwords (vrrp_version: 2)"],
  ["{ vrrp_version: 2, auth_pass: 12345678 }", `auth_pass is something else; ${PASSWORD}`],
  ["{ vrrp_version: 2, auth_pass: ninechars }", `auth_pass is something else; ${PASSWORD}`],
  ["{ vrrp_version: 2, auth_pass: }", `auth_pass is empty; ${PASSWORD}`],
  ["{ vrrp_version: 2, auth_pass_file: /nowhere }", 'auth_pass_file is "/nowhere", which cannot be read (ENOENT)'],
  ["auth_keys: 1=short", `auth_keys is something else; wanted a list of keys, each ${KEYS.slice(7)}`],
  ["auth_keys: []", "auth_keys is something else; wanted at least one key"],
  ["auth_keys: [0=file:/k]", `auth_keys[0] is something else; ${KEYS}`],
  ["auth_keys: [256=file:/k]", `auth_keys[0] is something else; ${KEYS}`],
  ["auth_keys: [1=file:relative]", `auth_keys[0] is something else; ${KEYS}`],
  ["auth_keys: [1=much too short for a key]", `auth_keys[0] is something else; ${KEYS}`],
  [`auth_keys: ["1=${"k".repeat(65)}"]`, `auth_keys[0] is something else; ${KEYS}`],
  ['auth_keys: ["1=hex:0a0b"]', `auth_keys[0] is something else; ${KEYS}`],
  [`auth_keys: ["1=hex:${"0g".repeat(32)}"]`, `auth_keys[0] is something else; ${KEYS}`],
  ["auth_keys: [1=file:/nowhere]", "auth_keys[0] has key 1 in /nowhere, which cannot be read (ENOENT)"],
  [`auth_keys: ["7=${HEX}", "7=${HEX}"]`, "auth_keys[1] has the ID 7 again; wanted each ID once"],
  [
    `{ vrrp_version: 2, auth_pass: abc, auth_keys: ["7=${HEX}"] }`,
    "auth_pass is given beside auth_keys; wanted one of them",
  ],
  ["auth_mode: permissive", "auth_mode has no effect without auth_keys"],
  ["auth_window: 5s", "auth_window has no effect without auth_keys"],
  ["auth_mode: maybe", 'auth_mode is "maybe"; wanted one of enforce, permissive, receive-only'],
  ["vmac: true", "vmac has no router_id; wanted it as well, as a part of the MAC"],
  [
    "{ vmac: true, router_id: 5, transport: unicast }",
    "vmac is true with transport: unicast; wanted multicast, by which switches learn where the MAC is",
  ],
  ['{ vmac: true, router_id: 5, label: "eth0:1" }', "label is given beside vmac; wanted one of them"],
  ["kernel_lease: 1500ms", 'kernel_lease is "1500ms"; wanted off, or a duration from 1s to 60s in steps of 1s'],
  ["role: boss", 'role is "boss"; wanted one of primary, replica, sync, async, standby-leader, any'],
  [
    "max_lag: much, role: replica",
    'max_lag is "much"; wanted a number of bytes, such as 16MB (units: B, kB, MB, GB, TB)',
  ],
  ["max_lag: 16MB", "max_lag has no effect with role: primary; wanted role replica, sync, async"],
  ["tags: [eu], role: replica", 'tags[0] is "eu"; wanted a tag with its value, such as region=eu'],
  ["preempt: false", "preempt has no effect with role: primary, where Patroni's lock decides"],
  ["priority: 255, role: any", "priority is 255, which has a meaning of its own in an election; wanted 2 to 254"],
  ["vrrp_version: 4", "vrrp_version is 4; wanted one of 3, 2"],
  ["checksum: none", 'checksum is "none"; wanted one of pseudo-header, pdu-only'],
  ["destroy_sockets: yes", 'destroy_sockets is "yes"; wanted true or false'],
  [
    "{ transport: unicast, peers: [] }",
    "peers is an empty list; wanted at least one address, or no peers at all to follow the members of the cluster",
  ],
  [
    "{ transport: unicast, peers: [10.0.0.300] }",
    'peers[0] is "10.0.0.300"; wanted an IP address without prefix length',
  ],
  ['{ transport: unicast, peers: ["::1"] }', "peers has ::1; wanted the same address family as the VIP"],
  ["peers: [10.0.0.2]", "peers has no effect; wanted transport: unicast"],
  ["answer_timeout: 1s", "answer_timeout is 1000ms; wanted less than lease (1000ms)"],
  ["poll_interval: 2s", "poll_interval is 2000ms; wanted less than lease (1000ms)"],
  ["turbo_interval: 200ms", "turbo_interval is 200ms; wanted at most poll_interval (100ms)"],
  ["lock_interval: 20ms", "lock_interval is 20ms; wanted at most turbo_interval (10ms)"],
  ["silence_timeout: 200ms", "answer_timeout is 300ms; wanted less than silence_timeout (200ms)"],
];

test("a link-local VIP alone needs an interface", async () => {
  assert.deepEqual((await problems({ yaml: 'vips: [{ address: "fe80::5/64" }]' })).map(withoutPlace), [
    "vips[0].address is link-local, which every interface has a subnet for; wanted interface as well",
  ]);
});

test("what is in a password's file is not repeated", async () => {
  const yaml = "vips: [{ address: 10.0.0.5/24, vrrp_version: 2, auth_pass_file: PASS_FILE }]";
  const [found = ""] = await problems({ yaml, passFile: "much-too-long\n" });
  assert.equal(
    withoutPlace(found),
    `vips[0].auth_pass_file is "vrrp.pass", whose first line is something else; ${PASSWORD}`,
  );
});

test("what is in a key's file is not repeated, and not everybody may read it", async () => {
  const yaml = "vips: [{ address: 10.0.0.5/24, auth_keys: [1=file:KEY_FILE] }]";
  assert.deepEqual((await problems({ yaml, keyFile: "no key at all\n", mode: 0o644 })).map(withoutPlace), [
    `vips[0].auth_keys[0] has key 1 in vrrp.key, whose first line is something else; wanted ${KEY}`,
    "vips[0].auth_keys[0] has key 1 in vrrp.key, which everybody on this host may read (mode 0644); wanted a mode like 0600 or 0640",
  ]);
});

test("a configuration with a key in it is not for everybody to read", async () => {
  const yaml = `vips: [{ address: 10.0.0.5/24, auth_keys: ["3=${HEX}"] }]`;
  assert.deepEqual(await problems({ yaml, mode: 0o604 }), [
    "pgvip.yml:1:44: vips[0].auth_keys[0] has key 3 in pgvip.yml, which everybody on this host may read (mode 0604); wanted a mode like 0600 or 0640",
  ]);
});

test("VRRPv2 has no IPv6, and one password is enough", async () => {
  const address = '[10.0.0.5/24, "2001:db8::5/64"]';
  const yaml = `vips: [{ address: ${address}, vrrp_version: 2, auth_pass: abc, auth_pass_file: PASS_FILE }]`;
  assert.deepEqual((await problems({ yaml, passFile: "abc" })).map(withoutPlace), [
    "vips[0].vrrp_version is 2, which has no IPv6; wanted 3, or IPv4 addresses only",
    "vips[0].auth_pass_file is given beside auth_pass; wanted one of them",
  ]);
});

for (const [settings, text] of VIP_CASES) {
  test(`vips[0]: ${settings}`, async () => {
    const inner = settings.replace(/^\{(.*)\}$/, "$1");
    const found = await problems({ yaml: `vips: [{ address: 10.0.0.5/24, ${inner} }]` });
    assert.deepEqual(found.map(withoutPlace), [`vips[0].${text}`]);
  });
}

const ADDRESS_CASES: readonly (readonly [string, string])[] = [
  ["10.0.0.5", CIDR],
  ["10.0.0.5/33", CIDR],
  ["10.0.0.300/24", CIDR],
  ["10.0.05/24", CIDR],
  ["10.0.0.5/24 ", CIDR],
  ["pg.example/24", CIDR],
  ["10.0.0.0/24", "wanted the address of a host, not the subnet's own or its broadcast address"],
  ["10.0.0.255/24", "wanted the address of a host, not the subnet's own or its broadcast address"],
  ["10.0.0.5/0", "wanted a prefix length of at least 1"],
  ["224.0.0.18/24", "wanted an address that a host can have (not multicast, loopback or unspecified)"],
  ["127.0.0.2/8", "wanted an address that a host can have (not multicast, loopback or unspecified)"],
  ["::1/128", "wanted an address that a host can have (not multicast, loopback or unspecified)"],
  ["ff02::12/64", "wanted an address that a host can have (not multicast, loopback or unspecified)"],
];

for (const [address, wanted] of ADDRESS_CASES) {
  test(`--vip "${address}"`, async () => {
    const found = await problems({ yaml: `vips: [{ address: "${address}" }]` });
    assert.deepEqual(found, [`pgvip.yml:1:19: vips[0].address is "${address}"; ${wanted}`]);
  });
}

const PATRONI_CASES: readonly (readonly [string, string])[] = [
  ["url: ftp://pg:8008", `url is "ftp://pg:8008"; ${URL_WANTED}`],
  ["url: http://", `url is "http://"; ${URL_WANTED}`],
  ["url: pg:8008", `url is "pg:8008"; ${URL_WANTED}`],
  ["url: 10.0.0.1:8008", `url is "10.0.0.1:8008"; ${URL_WANTED}`],
  ["url: http://pg:8008/patroni", `url is "http://pg:8008/patroni"; ${URL_WANTED}`],
  ["url: http://pg:99999", `url is "http://pg:99999"; ${URL_WANTED}`],
  ["url: http://bob:s3cret@pg:8008", `url is "http://***@pg:8008"; ${URL_WANTED}`],
  ["postgres: 5432", "postgres is 5432; wanted host:port, such as 127.0.0.1:5432 or [::1]:5432"],
  ["postgres: pg:0", 'postgres is "pg:0"; wanted host:port, such as 127.0.0.1:5432 or [::1]:5432'],
  ["config: patroni.yml", 'config is "patroni.yml"; wanted an absolute path'],
  ["config: /nowhere/patroni.yml", "/nowhere/patroni.yml: cannot be read (ENOENT)"],
  ["username: bob", "username has no password; wanted password_file or password"],
  ["password: s3cret", "password has no user; wanted patroni.username as well"],
  ["password: [s3cret]", "password is something else; wanted a text on one line, without blanks around it"],
  [
    "{ username: bob, password: s3cret, password_file: /etc/hostname }",
    "password_file is given beside password; wanted one of them",
  ],
  ["{ username: bob, password_file: /nowhere/pw }", 'password_file is "/nowhere/pw", which cannot be read (ENOENT)'],
  ["{ url: https://pg, cert: /etc/hostname }", "cert has no key; wanted patroni.key as well"],
  ["{ url: https://pg, key: /etc/hostname }", "key has no certificate; wanted patroni.cert as well"],
  [
    "{ url: https://pg, ca: /etc/hostname, insecure: true }",
    "insecure is true although a CA is given; wanted one of them",
  ],
  ["ca: /etc/hostname", "ca has no effect because patroni.url is http://127.0.0.1:8008; wanted https://"],
  ["pasword: s3cret", "pasword is unknown; did you mean password?"],
];

for (const [settings, text] of PATRONI_CASES) {
  test(`patroni: ${settings.replaceAll("s3cret", "(secret)")}`, async () => {
    const inner = settings.replace(/^\{(.*)\}$/, "$1");
    const found = await problems({ yaml: `{ vips: [{ address: 10.0.0.5/24 }], patroni: { ${inner} } }` });
    assert.deepEqual(found.map(withoutPlace), [text.startsWith("/") ? text : `patroni.${text}`]);
    assert.doesNotMatch(found.join("\n"), /s3cret/);
  });
}

const FILE_CASES: readonly (readonly [string, readonly string[]])[] = [
  [
    "vips: []",
    [
      `pgvip.yml:1:7: vips is an empty list; wanted a list with at least one VIP: --vip 192.0.2.10/24, PGVIP_VIP, or \`vips:\` in the file`,
    ],
  ],
  [
    "vips: 10.0.0.5/24",
    [
      'pgvip.yml:1:7: vips is "10.0.0.5/24"; wanted a list with at least one VIP: --vip 192.0.2.10/24, PGVIP_VIP, or `vips:` in the file',
    ],
  ],
  ["vips: [10.0.0.5/24]", ['pgvip.yml:1:8: vips[0] is "10.0.0.5/24"; wanted a mapping of settings']],
  ["vips:\n  - interface: eth0", ["pgvip.yml:2:5: vips[0].address is missing; every VIP needs it"]],
  ["- vips", ["pgvip.yml: wanted a mapping of settings (`vips:` and so on)"]],
  [
    "vips: [",
    ["pgvip.yml:1:8: is not YAML: Flow sequence in block collection must be sufficiently indented and end with a ]"],
  ],
  ["socket: /a\nsocket: /b\nvips: [{ address: 10.0.0.5/24 }]", ["pgvip.yml:2:1: is not YAML: Map keys must be unique"]],
  ["vip: 10.0.0.5/24\nvips: [{ address: 10.0.0.6/24 }]", ["pgvip.yml:1:6: vip is unknown; did you mean vips?"]],
  [
    "vips: [{ address: 10.0.0.5/24 }]\nsocket: pgvip.sock",
    ['pgvip.yml:2:9: socket is "pgvip.sock"; wanted an absolute path of at most 107 bytes'],
  ],
  [
    "vips:\n  - address: 10.0.0.5/24\n  - address: [10.0.0.6/24, 10.0.0.5/32]",
    ["pgvip.yml:3:28: vips[1].address[1] is 10.0.0.5 again; wanted each VIP once"],
  ],
  [
    "vips:\n  - { address: 10.0.0.5/24, router_id: 7 }\n  - { address: 10.0.0.6/24, router_id: 7 }",
    ["pgvip.yml:3:40: vips[1].router_id is 7, as in vips[0]; wanted another one on the same interface"],
  ],
];

for (const [yaml, expected] of FILE_CASES) {
  test(`file: ${JSON.stringify(yaml)}`, async () => {
    assert.deepEqual(await problems({ yaml }), expected);
  });
}

test("one router ID on two interfaces or in two subnets is fine", async () => {
  const yaml = `vips:
  - { address: 10.0.0.5/24, router_id: 7, interface: eth0 }
  - { address: 10.0.0.6/24, router_id: 7, interface: eth1 }
  - { address: 10.0.9.6/24, router_id: 7 }
  - { address: 10.0.0.9/24, router_id: 256, interface: eth0 }`;
  assert.deepEqual(await problems({ yaml }), [
    "pgvip.yml:5:40: vips[3].router_id is 256; wanted a whole number from 1 to 255",
  ]);
});

test("all problems come at once, from every source, each with its place", async () => {
  const found = await problems({
    flags: { "router-id": "300", "log-level": "loud" },
    environment: { PGVIP_RUTER_ID: "5", PGVIP_DESTROY_SOCKETS: "maybe", PGVIP_PREBUILD: "/opt", HOME: "/root" },
    yaml: "patroni:\n  url: ftp://pg\n  username: bob\nvips:\n  - address: 10.0.0.5/33\n    label: x\n    interface: eth0\n    nope: 1\n",
  });
  assert.deepEqual(found, [
    "PGVIP_RUTER_ID: is unknown; did you mean PGVIP_ROUTER_ID?",
    "pgvip.yml:8:11: vips[0].nope is unknown; wanted one of address, interface, role, cluster, max_lag, tags, preempt, preempt_delay, router_id, label, vmac, priority, " +
      "advert_interval, vrrp_version, auth_pass, auth_pass_file, auth_keys, auth_mode, auth_window, checksum, transport, peers, take_on, kernel_lease, lease, poll_interval, turbo_interval, " +
      "lock_interval, answer_timeout, hold_timeout, silence_timeout, startup_grace, promote_grace, destroy_sockets",
    `pgvip.yml:2:8: patroni.url is "ftp://pg"; ${URL_WANTED}`,
    `pgvip.yml:5:14: vips[0].address is "10.0.0.5/33"; ${CIDR}`,
    "--router-id: vips[0].router_id is 300; wanted a whole number from 1 to 255",
    'PGVIP_DESTROY_SOCKETS: vips[0].destroy_sockets is "maybe"; wanted true or false',
    '--log-level: log_level is "loud"; wanted one of trace, debug, info, warn, error, fatal, silent',
  ]);
});

test("a contradiction is told although another VIP is wrong", async () => {
  const yaml = "vips:\n  - address: nonsense\n  - { address: 10.0.0.5/24, answer_timeout: 2s }\n";
  const found = await problems({ yaml });
  assert.deepEqual(found.map(withoutPlace), [
    `vips[0].address is "nonsense"; ${CIDR}`,
    "vips[1].answer_timeout is 2000ms; wanted less than lease (1000ms)",
  ]);
});

test("the error counts and lists its problems", async () => {
  const sources = { flags: { vip: "x" }, environment: {}, file: null, defaultFile: "/nowhere" };
  await assert.rejects(loadConfig(sources), (error) => {
    assert.ok(error instanceof ConfigError);
    assert.equal(error.code, "CONFIG");
    assert.equal(error.message, `1 problem in the configuration:\n  --vip: vips[0].address[0] is "x"; ${CIDR}`);
    return true;
  });
});

function withoutPlace(problem: string): string {
  return problem.replace(/^pgvip\.yml:\d+:\d+: /, "");
}
