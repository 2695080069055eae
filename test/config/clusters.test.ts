/** Several Patroni clusters in one configuration: what each VIP follows, and what nobody may be left to guess. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { followedClusters, patroniNamed } from "../../src/config/config.js";
import { describe } from "../../src/config/describe.js";
import { loaded, problems } from "./sources.js";

const TWO = `
patroni: { url: http://127.0.0.1:8008 }
clusters:
  reporting: { url: http://127.0.0.1:8009, postgres: 127.0.0.1:5433, scope: reporting }
vips:
  - { address: 10.0.0.5/24 }
  - { address: 10.0.0.6/24, cluster: reporting }
  - { address: 10.0.0.7/24, cluster: reporting, role: replica }
`;

test("a VIP follows the cluster that it names, or else the section patroni", async () => {
  const followed = followedClusters(await loaded({ yaml: TWO }));
  assert.deepEqual(
    followed.map(({ name, patroni, groups }) => [name, patroni.url, groups.map(({ vips }) => vips[0]?.address)]),
    [
      [null, "http://127.0.0.1:8008", ["10.0.0.5"]],
      ["reporting", "http://127.0.0.1:8009", ["10.0.0.6", "10.0.0.7"]],
    ],
  );
  assert.deepEqual(followed[1]?.patroni.postgres, { host: "127.0.0.1", port: 5433 });
});

test("each cluster may have Patroni's own file, below what is written here", async () => {
  const yaml = "clusters: { b: { config: PATRONI_YML, name: mine } }\nvips: [{ address: 10.0.0.5/24, cluster: b }]\n";
  const patroniYaml = "scope: demo\nname: pg1\nrestapi: { listen: '127.0.0.1:8019' }\n";
  const config = await loaded({ yaml, patroniYaml });
  const { url, scope, name } = patroniNamed(config, "b");
  assert.deepEqual([url, scope, name], ["http://127.0.0.1:8019", "demo", "mine"]);
  assert.equal(config.patroni.scope, null, "the file of one cluster is not that of another");
  assert.deepEqual(await problems({ yaml, patroniYaml: "scope: 12\n" }), [
    "patroni.yml:1:8: clusters.b.scope is 12; wanted a text on one line, without blanks around it",
  ]);
});

test("the configuration in words tells each cluster with its VIPs", async () => {
  const lines = describe(await loaded({ yaml: TWO })).split("\n");
  const heads = lines.filter((line) => /^(\S+: )?Patroni at|^VIP/.test(line));
  assert.deepEqual(heads, [
    "Patroni at http://127.0.0.1:8008",
    "VIP 10.0.0.5/24",
    "reporting: Patroni at http://127.0.0.1:8009",
    "VIP 10.0.0.6/24",
    "VIP 10.0.0.7/24",
  ]);
});

const NAME_WANTED = "a name of at most 64 letters, digits, dots, dashes and underscores";
const VIPS = "vips: [{ address: 10.0.0.5/24, cluster: b }]";
const WRONG: readonly (readonly [yaml: string, ...found: string[]])[] = [
  [
    "clusters: { b: {} }\nvips: [{ address: 10.0.0.5/24, cluster: c }]\n",
    "1:16: clusters.b is followed by no VIP; wanted a VIP with its name",
    "2:41: vips[0].cluster is c; wanted one of b",
  ],
  [`${VIPS}\n`, "1:41: vips[0].cluster is b; wanted a name of clusters, where there is none"],
  [
    "clusters: { b: {} }\nvips: [{ address: 10.0.0.5/24, cluster: b }, { address: 10.0.0.6/24 }]\n",
    "2:46: vips[1].cluster is missing; wanted one of b, or a section patroni that VIPs without a cluster follow",
  ],
  [`${VIPS}\nclusters: { b: { urll: http://pg } }\n`, "2:24: clusters.b.urll is unknown; did you mean url?"],
  [
    `${VIPS}\nclusters: { b: { url: ftp://joe:s3cret@pg } }\n`,
    '2:23: clusters.b.url is "ftp://***@pg"; wanted http:// or https:// with a host and at most a port, such as http://127.0.0.1:8008',
  ],
  [
    `${VIPS}\nclusters: { b: { username: joe } }\n`,
    "2:28: clusters.b.username has no password; wanted password_file or password",
  ],
  [
    `${VIPS}\nclusters: { b: { username: joe, password: [s3cret] } }\n`,
    "2:43: clusters.b.password is something else; wanted a text on one line, without blanks around it",
  ],
  [
    `${VIPS}\nclusters: { b: { url: https://pg, ca: /nowhere } }\n`,
    '2:39: clusters.b.ca is "/nowhere", which cannot be read (ENOENT)',
  ],
  [`${VIPS}\nclusters: { b: 7 }\n`, "2:16: clusters.b is 7; wanted a mapping of settings"],
  [
    `${VIPS}\nclusters: [{ url: http://pg }]\n`,
    "1:41: vips[0].cluster is b; wanted a name of clusters, where there is none",
    "2:11: clusters is a list; wanted a mapping of names to settings as in patroni",
  ],
  ["vips: [{ address: 10.0.0.5/24, cluster: 'b c' }]\n", `1:41: vips[0].cluster is "b c"; wanted ${NAME_WANTED}`],
  [
    "clusters: { 'b c': {} }\nvips: [{ address: 10.0.0.5/33 }]\n",
    `1:20: clusters.b c is no name; wanted ${NAME_WANTED}`,
    '2:19: vips[0].address is "10.0.0.5/33"; wanted an address with its prefix length, such as 192.0.2.10/24',
  ],
];

for (const [yaml, ...found] of WRONG) {
  test(`wrong: ${yaml.replaceAll("\n", " ")}`, async () => {
    assert.deepEqual([...(await problems({ yaml }))].sort(), found.map((text) => `pgvip.yml:${text}`).sort());
  });
}
