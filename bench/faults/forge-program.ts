/**
 * Sends forged adverts from a neighbour, with the right router ID and VIP, or ARP that says the VIP is there. A program on a
 * host of the lab; argument: the orders as JSON (`forgery`). Ends when all have left.
 */
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { FORGER_MAC, advertFrame } from "../../lab/advert-frame.js";
import { parseLine } from "../../lab/json-lines.js";
import { openNetwork } from "../../src/shell/native-network.js";
import { macAddress } from "../../src/wire/addresses.js";
import { gratuitousReply, gratuitousRequest } from "../../src/wire/arp.js";
import { centis, priority, seconds, vrid } from "../../src/wire/units.js";
import { type Advert, emitAdvert } from "../../src/wire/vrrp.js";
import { type ForgedAdvert, forgery, type Forgery } from "./forgery.js";

function frameOf(order: Forgery, { routerId, source, destination, destinationMac, password }: ForgedAdvert) {
  const common = { family: "ipv4", vrid: vrid(routerId), priority: priority(order.priority) } as const;
  const advert: Advert =
    password === null
      ? { kind: "v3", ...common, interval: centis(10), addresses: [order.vip] }
      : {
          kind: "v2",
          ...common,
          interval: seconds(1),
          authentication: { kind: "password", bytes: Buffer.alloc(8).fill(password, 0, password.length) },
          addresses: [order.vip],
        };
  const endpoints = { source, destination };
  return advertFrame(
    emitAdvert(advert, endpoints, { checksum: "pseudoHeader" }),
    endpoints,
    macAddress(destinationMac),
  );
}

async function forge(order: Forgery): Promise<void> {
  let done = 0;
  const network = openNetwork((events) => {
    for (const event of events) {
      if (event.kind !== "done") continue;
      if (event.failure !== null) throw new Error(`a forged frame did not leave: ${JSON.stringify(event.failure)}`);
      done += 1;
    }
  });
  const ifIndex = Number(readFileSync("/sys/class/net/eth0/ifindex", "utf8"));
  const announcements = order.announcements ? [gratuitousRequest, gratuitousReply] : [];
  const frames = [
    ...order.adverts.map((advert) => frameOf(order, advert)),
    ...announcements.map((announcement) => announcement(order.vip, FORGER_MAC)),
  ];
  for (let sent = 0; sent < order.times; sent += 1) {
    network.execute([{ kind: "sendFrames", order: sent, ifIndex, frames }]);
    await sleep(order.everyMs);
  }
  while (done < order.times) await sleep(5);
  network.close();
}

await forge(parseLine(forgery, process.argv[2] ?? ""));
