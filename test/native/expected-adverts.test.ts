/** Adverts that say the same again stay with the network thread, which tells what is new and who falls silent. */
import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";
import { advertFrame } from "../../lab/advert-frame.js";
import type { Host } from "../../lab/host.js";
import { Lab } from "../../lab/network.js";
import { nowMs, sleep, until } from "../../lab/wait.js";
import { parseMac } from "../../src/wire/addresses.js";
import { centis, priority, vrid } from "../../src/wire/units.js";
import { VRRP_GROUP, emitAdvert } from "../../src/wire/vrrp.js";
import { type EventOf, RemoteEngine, VIP, VRID } from "./remote-engine.js";

const HEARER = "10.9.0.1";
const SENDER = "10.9.0.2";
/** Of a second sender, whose adverts the sender's host forges. */
const OTHER = "10.9.0.3";
const LONG_MS = 60_000;

interface Sent {
  readonly value?: number;
  readonly source?: string;
  readonly destination?: string;
  readonly ttl?: number;
  readonly times?: number;
}

describe("adverts that are expected", () => {
  let lab: Lab;
  let one: Host;
  let hearer: RemoteEngine;
  let sender: RemoteEngine;

  before(async () => {
    lab = await Lab.create([
      { name: "one", addresses: [`${HEARER}/24`] },
      { name: "two", addresses: [`${SENDER}/24`] },
    ]);
    one = lab.host("one");
  });

  after(async () => {
    await lab.close();
  });

  beforeEach(async () => {
    [hearer, sender] = await Promise.all([RemoteEngine.start(one), RemoteEngine.start(lab.host("two"))]);
    assert.equal((await hearer.listen()).failure, null);
  });

  afterEach(async () => {
    await Promise.all([hearer.close(), sender.close()]);
  });

  /** The bytes are always those of an advert to the group: the network compares, it does not judge. */
  const send = async ({ value = 100, source = SENDER, times = 1, ...rest }: Sent = {}): Promise<void> => {
    const frame = advertFrame(pdu(source, value), { source, destination: VRRP_GROUP.ipv4, ...rest }, hearerMac());
    const frames = Array.from({ length: times }, () => frame);
    await sender.give({ kind: "sendFrames", ifIndex: sender.link.ifIndex, frames });
  };

  const hearerMac = () => parseMac(hearer.mac)!;

  /** Sends an advert, waits until it is told, and has the network expect more of the kind. */
  const expectLike = async (
    sent: Sent,
    { silenceMs = LONG_MS, forMs = LONG_MS }: { readonly silenceMs?: number; readonly forMs?: number } = {},
  ): Promise<number> => {
    const known = hearer.of("advert").length;
    await send(sent);
    const { ifIndex, source, destination, ttl, pdu } = await until(
      "the advert",
      () => hearer.of("advert")[known] ?? null,
    );
    const like = { ifIndex, source, destination, ttl, pdu };
    const number = hearer.queue({ kind: "expectAdverts", like, silenceMs, untilMs: nowMs() + forMs });
    await settled();
    return number;
  };

  /** Whatever was ordered before has been done, and its outcome told. */
  const settled = (): Promise<unknown> => hearer.give({ kind: "dump" });

  /** Sends an advert that nobody expects, and returns how all up to it were told. */
  const toldUpTo = async (mark: number): Promise<readonly string[]> => {
    await send({ value: mark });
    await until("the last advert", () => hearer.priorities().includes(mark));
    return hearer.of("advert").map(({ pdu, untold }) => `${String(pdu[2])} after ${String(untold)}`);
  };

  it("are not told, but counted, and whatever is new is told at once", async () => {
    await expectLike({});
    await send({ times: 3 });
    assert.deepEqual(await toldUpTo(7), ["100 after 0", "7 after 3"]);
    // Nothing is expected any more, not even what was before.
    await send({ times: 2 });
    assert.deepEqual(await toldUpTo(8), ["100 after 0", "7 after 3", "100 after 0", "100 after 0", "8 after 0"]);
  });

  it("are new with another TTL, and to another destination", async () => {
    await expectLike({});
    await send();
    await send({ ttl: 254 });
    await until("the advert", () => hearer.of("advert").length === 2);
    await expectLike({});
    await send({ destination: HEARER });
    await until("the advert", () => hearer.of("advert").length === 4);
    assert.deepEqual(
      hearer.of("advert").map(({ ttl, destination, untold }) => [ttl, destination, untold]),
      [
        [255, VRRP_GROUP.ipv4, 0],
        [254, VRRP_GROUP.ipv4, 1],
        [255, VRRP_GROUP.ipv4, 0],
        [255, HEARER, 0],
      ],
    );
  });

  it("are those of one sender: another one is told, and changes nothing", async () => {
    await expectLike({});
    await send({ source: OTHER });
    await send({ times: 2 });
    await expectLike({ source: OTHER });
    await send({ source: OTHER });
    await send();
    assert.deepEqual(await toldUpTo(7), ["100 after 0", "100 after 0", "100 after 0", "7 after 3"]);
  });

  it("are told when nobody has said for long that they need not be", async () => {
    await expectLike({}, { forMs: 100 });
    await sleep(150);
    await send({ times: 2 });
    assert.deepEqual(await toldUpTo(7), ["100 after 0", "100 after 0", "100 after 0", "7 after 0"]);
  });

  it("are missed once when there are none any more", async () => {
    const fromMs = nowMs();
    await expectLike({}, { silenceMs: 1_000 });
    await send({ times: 2 });
    const ceased = await until("the silence", () => hearer.of("advertsCeased")[0] ?? null);
    const { ifIndex } = hearer.link;
    const { atMs, ...rest } = ceased;
    const about = { ifIndex, family: "ipv4", source: SENDER, routerId: VRID } as const;
    assert.deepEqual(rest, { kind: "advertsCeased", ...about, untold: 2 });
    assert.ok(atMs >= fromMs + 1_000, `${String(atMs - fromMs)} ms`);
    assert.deepEqual(await toldUpTo(7), ["100 after 0", "7 after 0"]);
    await sleep(1_200);
    assert.equal(hearer.of("advertsCeased").length, 1);
  });

  it("are told when somebody wants to hear each, and nobody misses them then", async () => {
    const { ifIndex } = hearer.link;
    await expectLike({}, { silenceMs: 500 });
    hearer.queue({ kind: "heedAdverts", ifIndex, routerId: VRID + 1 });
    await settled();
    await send();
    hearer.queue({ kind: "heedAdverts", ifIndex, routerId: VRID });
    await settled();
    await send();
    assert.deepEqual(await toldUpTo(7), ["100 after 0", "100 after 0", "7 after 0"]);
    await sleep(700);
    assert.deepEqual(hearer.of("advertsCeased"), []);
  });

  it("are told after the network was told to listen anew", async () => {
    await expectLike({}, { silenceMs: 500 });
    await hearer.listen();
    await send();
    assert.deepEqual(await toldUpTo(7), ["100 after 0", "100 after 0", "7 after 0"]);
    await sleep(700);
    assert.deepEqual(hearer.of("advertsCeased"), []);
  });

  it("are expected without a word: the outcome comes with whatever is told next", async () => {
    const number = await expectLike({});
    const outcome = hearer.events.findIndex((event) => event.kind === "done" && event.order === number);
    const { failure } = hearer.events[outcome] as EventOf<"done">;
    assert.equal(failure, null);
    const again = hearer.queue({ kind: "heedAdverts", ifIndex: hearer.link.ifIndex, routerId: VRID });
    await sleep(200);
    const last = hearer.events.at(-1);
    assert.ok(last?.kind !== "done" || last.order !== again);
  });

  it("that wait in the socket of a process that stood still are not missed", async () => {
    await expectLike({}, { silenceMs: 500 });
    for (let times = 0; times < 3; times += 1) {
      await one.freezeAll();
      await sendFor(1_200);
      await one.thawAll();
      await sendFor(200);
    }
    await settled();
    assert.deepEqual(hearer.of("advertsCeased"), []);
    const [first, last] = await toldUpTo(7);
    assert.equal(first, "100 after 0");
    assert.match(last ?? "", /^7 after \d\d/);
  });

  /** Each 50 ms, as a peer would. */
  const sendFor = async (ms: number): Promise<void> => {
    const untilMs = nowMs() + ms;
    while (nowMs() < untilMs) {
      await send();
      await sleep(50);
    }
  };
});

function pdu(source: string, value: number): Uint8Array {
  const common = { vrid: vrid(VRID), priority: priority(value), interval: centis(100), addresses: [VIP] };
  const record = { kind: "v3", family: "ipv4", ...common } as const;
  return emitAdvert(record, { source, destination: VRRP_GROUP.ipv4 }, { checksum: "pseudoHeader" });
}
