/**
 * A host that is on the segment and has no key: records the adverts of others for a while, waits, and plays them back; or sends
 * what it has made up. A program on a host of the lab; its orders are lines of JSON on standard input, its answers the numbers of
 * frames that have left or been recorded.
 */
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import * as v from "valibot";
import { parseLine } from "../../lab/json-lines.js";
import { openNetwork } from "../../src/shell/native-network.js";

const EVERY_MS = 20;
/** Ethernet and IPv4 headers; what VRRP frames have there: the type, and the protocol. */
const VRRP = { etherType: 0x0800, protocolOffset: 23, protocol: 112 } as const;

const order = v.variant("kind", [
  v.object({ kind: v.literal("record"), forMs: v.number() }),
  v.object({ kind: v.literal("playBack"), times: v.number() }),
  /** Frames in hexadecimal. */
  v.object({ kind: v.literal("send"), frames: v.array(v.string()), times: v.number() }),
]);

const recorded: Uint8Array[] = [];
let recording = false;
let done = 0;
let given = 0;
const ifIndex = Number(readFileSync("/sys/class/net/eth0/ifindex", "utf8"));
const network = openNetwork((events) => {
  for (const event of events) {
    if (event.kind === "done" && event.failure !== null) throw new Error(JSON.stringify(event.failure));
    if (event.kind === "done") done += 1;
    if (event.kind === "neighborFrame" && recording && isAdvert(event.frame)) recorded.push(event.frame);
  }
});

function isAdvert(frame: Uint8Array): boolean {
  const etherType = (frame[12] ?? 0) * 256 + (frame[13] ?? 0);
  return etherType === VRRP.etherType && frame[VRRP.protocolOffset] === VRRP.protocol;
}

async function send(frames: readonly Uint8Array[], times: number): Promise<number> {
  for (let sent = 0; sent < times; sent += 1) {
    network.execute([{ kind: "sendFrames", order: (given += 1), ifIndex, frames }]);
    await sleep(EVERY_MS);
  }
  while (done < given) await sleep(5);
  return frames.length * times;
}

async function obey(line: string): Promise<number> {
  const wanted = parseLine(order, line);
  switch (wanted.kind) {
    case "record":
      recording = true;
      await sleep(wanted.forMs);
      recording = false;
      return recorded.length;
    case "playBack":
      for (let time = 0; time < wanted.times; time += 1) for (const frame of recorded) await send([frame], 1);
      return recorded.length * wanted.times;
    case "send":
      return send(
        wanted.frames.map((digits) => Uint8Array.from(Buffer.from(digits, "hex"))),
        wanted.times,
      );
  }
}

const listening = {
  ifIndex,
  families: ["ipv4"],
  multicast: true,
  capture: true,
  routerIds: [],
  vips: ["0.0.0.0"],
} as const;
network.execute([{ kind: "listen", order: (given += 1), listening }]);
for await (const line of createInterface({ input: process.stdin })) console.log(await obey(line));
network.close();
