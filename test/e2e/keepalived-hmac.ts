/**
 * Signed adverts between pgvip and a keepalived that has `auth_hmac` (2.4, which no distribution has yet), by hand:
 *
 *     sudo npm run test:keepalived -- /path/to/keepalived
 *
 * For each version, family and transport: keepalived is the better one and takes over, so we hear it and it speaks; then it is
 * the worse one and waits, so it hears us. No advert may be dropped on either side.
 */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { KeepalivedRouter } from "../../lab/keepalived-router.js";
import { sleep, until } from "../../lab/wait.js";
import { OURS, THEIRS, VrrpPair } from "./vrrp-pair.js";

const KEY = `hex:${"0123456789abcdef".repeat(4)}`;

const rows = [
  { version: 3, vip: "10.186.157.199/24", unicast: false },
  { version: 3, vip: "10.186.157.199/24", unicast: true },
  { version: 2, vip: "10.186.157.199/24", unicast: false },
  { version: 3, vip: "fd77::199/64", unicast: false },
] as const;

async function run(program: string, { version, vip, unicast }: (typeof rows)[number]): Promise<void> {
  const [address = ""] = vip.split("/");
  const pair = await VrrpPair.open(address, "");
  try {
    const keyFile = `${pair.ours.directory}/vrrp.key`;
    writeFileSync(keyFile, `${KEY}\n`, { mode: 0o600 });
    const lines = [
      ...["router_id: 50", "role: any", "priority: 100", "interface: eth0", "advert_interval: 1s"],
      ...[`vrrp_version: ${String(version)}`, `auth_keys: ["1=file:${keyFile}"]`],
      ...(unicast ? ["transport: unicast", `peers: [${THEIRS.ipv4}]`] : []),
    ];
    pair.configure(["vips:", `  - address: ${vip}`, ...lines.map((line) => `    ${line}`)].join("\n"));
    const start = (priority: number) =>
      KeepalivedRouter.start(
        pair.theirs,
        {
          ...{ version, routerId: 50, priority, advertIntervalSeconds: 1, vips: [vip] },
          ...(unicast ? { peers: [OURS.ipv4], source: THEIRS.ipv4 } : {}),
          extra: ["auth_hmac {", `key 1 ${KEY}`, "active_key 1", "}", ...(unicast ? ["unicast_ttl 255"] : [])],
        },
        program,
      );
    await pair.agents.start(pair.ours);
    await pair.watch.holder("ours");
    const better = start(200);
    await pair.watch.holder("theirs");
    await pair.groupWith("signed adverts are heard", ({ peers }) => peers.some(({ keyId }) => keyId === 1));
    await better.stop();
    await pair.watch.holder("ours");
    const worse = start(50);
    await until("keepalived waits", () => worse.state === "BACKUP");
    await sleep(6_000);
    assert.deepEqual([worse.state, pair.watch.holders], ["BACKUP", ["ours"]]);
    assert.doesNotMatch(worse.log, /authentication/);
    assert.deepEqual((await pair.status()).drops, {});
    await worse.stop();
  } finally {
    await pair.close();
  }
}

const [program] = process.argv.slice(2);
if (program === undefined) throw new Error("usage: keepalived-hmac.ts /path/to/keepalived");
for (const row of rows) {
  await run(program, row);
  console.log(`VRRPv${String(row.version)}, ${row.vip}, ${row.unicast ? "unicast" : "multicast"}: both ways`);
}
