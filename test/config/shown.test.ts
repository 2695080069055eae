/** A configuration that strangers may see: secrets planted wherever one could be, and none of them in what is shown. */
import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { after, describe, it } from "node:test";
import { SECRETS } from "../../src/config/fields.js";
import { type ShownConfig, shownConfig, withoutSecrets } from "../../src/config/shown.js";

const directory = mkdtempSync(`${tmpdir()}/pgvip-shown-`);
after(() => {
  rmSync(directory, { recursive: true });
});

function file(name: string, text: string): string {
  writeFileSync(`${directory}/${name}`, text);
  return `${directory}/${name}`;
}

async function shownOf(
  yaml: string,
  { flags = {}, environment = {} }: Partial<Record<"flags" | "environment", Readonly<Record<string, string>>>> = {},
): Promise<{ readonly text: string; readonly shown: ShownConfig }> {
  const shown = await shownConfig({ flags, environment, file: file("pgvip.yml", yaml) });
  return { text: [...shown.settings, ...shown.problems].join("\n"), shown };
}

describe("a configuration that is shown", () => {
  it("has every setting that was given, and where", async () => {
    const { text, shown } = await shownOf(
      "patroni:\n  scope: demo\nvips:\n  - address: 10.0.0.100/24\n    router_id: 50\n",
      {
        flags: { interface: "eth0" },
      },
    );
    assert.deepEqual(shown.problems, []);
    for (const line of [
      `patroni.scope = demo    ${directory}/pgvip.yml:2:10`,
      `vips[0].router_id = 50    ${directory}/pgvip.yml:5:16`,
      "vips[0].interface = eth0    --interface",
    ])
      assert.ok(text.split("\n").includes(line), `${line} in\n${text}`);
  });

  it("keeps every secret of the schema to itself, wherever it was written", async () => {
    assert.deepEqual(
      [...SECRETS].sort(),
      ["patroni.password", "vips[].auth_keys", "vips[].auth_pass"],
      "a new secret needs a place below",
    );
    const keyFile = file("key", `hex:${"0badcafe".repeat(8)}\n`);
    const patroniFile = file(
      "patroni.yml",
      "restapi:\n  listen: 127.0.0.1:8008\n  authentication:\n    username: joe\n    password: planted-in-patroni-file\n",
    );
    const { text, shown } = await shownOf(
      `patroni:\n  config: ${patroniFile}\n  password: planted-in-file\n` +
        "vips:\n  - address: 10.0.0.100/24\n    vrrp_version: 2\n    auth_pass: planted1\n" +
        `  - address: 10.0.0.101/24\n    auth_keys: ["1=planted-key-with-its-32-characters", "2=file:${keyFile}"]\n`,
      { environment: { PGVIP_PATRONI_PASSWORD: "planted-in-environment" } },
    );
    assert.doesNotMatch(text, /planted/);
    assert.match(text, /^patroni\.password = \(set, not shown\) {4}PGVIP_PATRONI_PASSWORD$/m);
    assert.match(text, /^vips\[0\]\.auth_pass = \(set, not shown\)/m);
    assert.match(text, /^patroni\.username = joe/m);
    for (const secret of [
      "planted-in-patroni-file",
      "planted-in-file",
      "planted-in-environment",
      "planted1",
      "planted-key-with-its-32-characters",
      "0badcafe".repeat(8),
    ])
      assert.ok(shown.secrets.includes(secret), secret);
  });

  it("knows the secrets in files, but not what their names are", async () => {
    const passwords = [file("password", "planted-first-line\nrest\n"), file("auth", "planted2\n")];
    const { text, shown } = await shownOf(
      `patroni:\n  username: joe\n  password_file: ${passwords[0]!}\n` +
        `vips:\n  - address: 10.0.0.100/24\n    vrrp_version: 2\n    auth_pass_file: ${passwords[1]!}\n`,
    );
    assert.deepEqual(shown.problems, []);
    assert.doesNotMatch(text, /planted/);
    assert.ok(text.includes(passwords[0]!));
    assert.deepEqual(shown.secrets.filter((secret) => secret.startsWith("planted")).sort(), [
      "planted-first-line",
      "planted2",
    ]);
  });

  it("knows a key with blanks in it as a whole", async () => {
    const phrase = "to be or not to be, that is the planted question";
    const key = file("vrrp.key", `${phrase}\nrest\n`);
    chmodSync(key, 0o600);
    const { shown } = await shownOf(`vips:\n  - address: 10.0.0.100/24\n    auth_keys: ["1=file:${key}"]\n`);
    assert.deepEqual([shown.problems, shown.secrets], [[], [phrase]]);
    assert.equal(withoutSecrets(`the log said ${phrase}.`, shown.secrets), "the log said (secret).");
  });

  const wrong: readonly (readonly [what: string, yaml: string])[] = [
    ["credentials in a URL", "patroni:\n  url: http://joe:planted@10.0.0.1:8008\n"],
    [
      "credentials in a URL that is cut in messages",
      `patroni:\n  url: http://joe:planted-${"x".repeat(90)}@10.0.0.1:8008\n`,
    ],
    ["an unknown setting", "patroni:\n  pasword: planted\n  token: [planted, {a: planted}]\n"],
    ["an unknown setting at the top", "api: planted\n"],
    ["a name that is none", "patroni:\n  'planted: 1 2': 3\n"],
    ["a password of a wrong kind", "patroni:\n  password: {a: planted}\n"],
    ["a mapping where a text belongs", "patroni:\n  scope: {planted: planted}\n"],
    ["arguments of hooks", "on_acquire: [/bin/tell, --token, planted]\non_fault: /bin/tell --token planted\n"],
    ["a file that is no YAML", "patroni:\n  password: planted\n oops: *planted\n"],
    ["an alias that points nowhere", "patroni:\n  password: *planted\n"],
    ["an entry of vips that is none", "vips: planted\n"],
    ["a VIP that is none", "vips:\n  - planted\n"],
  ];
  for (const [what, yaml] of wrong) {
    it(`shows nothing of ${what}`, async () => {
      const { text } = await shownOf(yaml);
      assert.doesNotMatch(text, /planted/);
    });
  }

  it("says what is wrong, and where, without what was found", async () => {
    const { shown } = await shownOf("vips:\n  - address: 10.0.0.300/24\n    router_id: 300\n");
    assert.match(shown.problems.join("\n"), /pgvip\.yml:2:14: vips\[0\]\.address: is \(\.\.\.\); wanted an/);
    assert.match(shown.problems.join("\n"), /router_id: .*from 1 to 255/);
  });
});

describe("any other text", () => {
  it("loses the secrets that are known, the longest first", () => {
    assert.equal(withoutSecrets("a swordfish and a sword", ["sword", "swordfish"]), "a (secret) and a (secret)");
  });

  it("loses what looks like one", () => {
    for (const [text, clear] of [
      ["asked http://joe:planted@10.0.0.1:8008/x", "asked http://(secret)@10.0.0.1:8008/x"],
      ['{"authorization":"Basic cGxhbnRlZA=="}', '{"authorization":"Basic (secret)"}'],
      ["curl -H 'Authorization: Bearer abc.def-ghi'", "curl -H 'Authorization: Bearer (secret)'"],
      ["hook said: password=planted, next", "hook said: password=(secret), next"],
      ['"token": "planted"', '"token": "(secret)"'],
      ["-----BEGIN PRIVATE KEY-----\nplanted\n-----END PRIVATE KEY-----\nrest", "(secret)\nrest"],
    ] as const)
      assert.equal(withoutSecrets(text, []), clear);
  });

  it("stays as it is otherwise", () => {
    const text = "User for basic authentication. mail joe@example.org, 10.0.0.1:8008 //comment, password_file is set";
    assert.equal(withoutSecrets(text, []), text);
  });
});
