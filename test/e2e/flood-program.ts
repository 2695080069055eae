/**
 * Floods a segment through the addon: forged adverts of a virtual router, and frames of a stranger who says that he has its
 * VIP. Arguments: frames per second, seconds, router ID, VIP, then address and MAC of each node. Prints how many left.
 *
 * The stranger speaks to the nodes alone: to lie to a client's cache needs one frame, and no agent can prevent it.
 */
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { FORGER_MAC, advertFrame } from "../../lab/advert-frame.js";
import { openNetwork } from "../../src/shell/native-network.js";
import { type MacAddress, macAddress } from "../../src/wire/addresses.js";
import { emitArp } from "../../src/wire/arp.js";
import { centis, priority, vrid } from "../../src/wire/units.js";
import { VRRP_GROUP, emitAdvert } from "../../src/wire/vrrp.js";

const BATCH = 500;
const STRANGER = "10.186.157.66";

const [perSecond = 0, seconds = 0, routerId = 0] = process.argv.slice(2, 5).map(Number);
const [vip = "", ...rest] = process.argv.slice(5);
const nodes = rest.flatMap((address, index) =>
  index % 2 === 0 ? [{ address, mac: macAddress(rest[index + 1] ?? "") }] : [],
);

const frames = [
  forgedAdvert(STRANGER, 255),
  ...nodes.flatMap(({ address }) => [forgedAdvert(address, 255), forgedAdvert(address, 1), forgedAdvert(address, 0)]),
  ...nodes.flatMap(({ mac }) => [claim("request", mac), claim("reply", mac)]),
];
const batch = Array.from({ length: BATCH }, (_, index) => frames[index % frames.length]!);
const ifIndex = Number(readFileSync("/sys/class/net/eth0/ifindex", "utf8"));

let done = 0;
const network = openNetwork((events) => {
  for (const event of events) if (event.kind === "done" && event.failure === null) done += 1;
});
const total = Math.ceil((perSecond * seconds) / BATCH);
const startedAt = performance.now();
let given = 0;
process.stdout.write("flooding\n");
while (given < total) {
  const due = Math.min(total, Math.ceil(((performance.now() - startedAt) / 1_000) * (perSecond / BATCH)));
  for (; given < due; given += 1) network.execute([{ kind: "sendFrames", order: given, ifIndex, frames: batch }]);
  await sleep(5);
}
while (done < given && performance.now() - startedAt < 3_000 * seconds) await sleep(20);
network.close();
process.stdout.write(`${done * BATCH} ${Math.round(performance.now() - startedAt)}\n`);

function forgedAdvert(source: string, value: number): Uint8Array {
  const advert = {
    kind: "v3",
    family: "ipv4",
    vrid: vrid(routerId),
    priority: priority(value),
    interval: centis(10),
    addresses: [vip],
  } as const;
  const endpoints = { source, destination: VRRP_GROUP.ipv4 };
  return advertFrame(emitAdvert(advert, endpoints, { checksum: "pseudoHeader" }), endpoints);
}

function claim(operation: "request" | "reply", to: MacAddress): Uint8Array {
  const [senderMac, targetMac] = [FORGER_MAC, FORGER_MAC];
  return emitArp({ operation, senderMac, senderAddress: vip, targetMac, targetAddress: vip }, to);
}
