/** What a group learns of its cluster's members, whatever it holds: of whom they are asked, and that they become its peers. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { pino } from "pino";
import type { DcsSettings, Member } from "../../src/core/observation.js";
import type { Patroni } from "../../src/ports/patroni.js";
import { ClusterWatch } from "../../src/shell/cluster-watch.js";
import { Group } from "../../src/shell/group.js";
import { load } from "../config/sources.js";
import { seenAgo, status } from "../core/transcript.js";
import { placement } from "./bench.js";
import { FakeNetwork, ManualClock, fakePatroni } from "./fake-network.js";

const OWN = "10.0.0.1";
const dcs: DcsSettings = { ttlMs: 30_000, loopWaitMs: 10_000, retryTimeoutMs: 10_000, failsafeMode: false };

/** A node that is 10.0.0.1, with a group that speaks unicast to the members of its cluster. */
class Bench {
  readonly clock = new ManualClock();
  /** The members as every Patroni tells them, by the last number of their addresses; the first one leads. */
  members: readonly number[] = [1, 2];
  /** Whose REST API answers. */
  reachable: ReadonlySet<number> = new Set([1, 2, 3, 4]);
  /** Who was asked for them, by the same number. */
  asked: number[] = [];
  /** How long ago this node's Patroni has seen its DCS. */
  dcsAgeMs = 9_000;
  readonly group: Group;
  readonly watch: ClusterWatch;

  static async open(role: "primary" | "replica"): Promise<Bench> {
    const vip = `{address: 10.0.0.100/24, role: ${role}, router_id: 51, transport: unicast}`;
    const loaded = await load({ yaml: `vips: [${vip}]` });
    assert.ok(loaded.ok);
    const bench = new Bench(loaded.config.groups[0]!);
    bench.group.runner.place(placement, false);
    bench.watch.start();
    await bench.clock.pass(5_000);
    assert.notEqual(bench.group.runner.holding, null);
    return bench;
  }

  private constructor(config: ConstructorParameters<typeof Group>[0]) {
    const log = pino({ level: "silent" });
    const patroni = this.#patroni(1);
    this.group = new Group(config, {
      clock: this.clock,
      orders: new FakeNetwork(this.clock).orders,
      patroni,
      scope: "demo",
      recoveryEnds: () => null,
      readCluster: () => Promise.resolve({ sentAtMs: 0, members: null, own: null }),
      log,
      listeners: [],
      listen: () => undefined,
      expect: () => undefined,
    });
    this.watch = new ClusterWatch(patroni, [this.group], {
      clock: this.clock,
      log,
      ownAddresses: () => [OWN],
      openMember: (url) => this.#patroni(Number(/^http:\/\/10\.0\.0\.(\d):8008$/.exec(url)?.[1])),
    });
  }

  get peers(): readonly string[] | null {
    return this.group.runner.speech.peers;
  }

  /** Who was asked while this much time passed. */
  async askedIn(ms: number): Promise<readonly number[]> {
    this.asked = [];
    await this.clock.pass(ms);
    return this.asked;
  }

  #patroni(number: number): Patroni {
    return {
      ...fakePatroni(this.clock, () => {
        const { dcsLastSeenSeconds, dcsSeenAtMs } = seenAgo(this.dcsAgeMs)(this.clock.nowMs());
        const said = { ...status("primary", "running"), dcsLastSeenSeconds };
        return { kind: "answered", hasRole: true, status: said, dcsSeenAtMs };
      }),
      settings: () => Promise.resolve(dcs),
      members: () => {
        this.asked.push(number);
        if (!this.reachable.has(number)) return Promise.resolve({ kind: "unavailable", detail: "refused" });
        return Promise.resolve(this.members.map((one) => member(one, one === this.members[0])));
      },
      close: () => undefined,
    };
  }
}

function member(number: number, leads: boolean): Member {
  const host = `10.0.0.${String(number)}`;
  const role = leads ? "leader" : "replica";
  const apiUrl = `http://${host}:8008/patroni`;
  return { name: `pg${String(number)}`, role, state: "running", host, port: 5432, apiUrl, timeline: 1, lagBytes: null };
}

test("a leader that has the VIP learns of a new member from another one, and leaves its own Patroni alone", async () => {
  const bench = await Bench.open("primary");
  assert.deepEqual(bench.asked, [1], "the first list comes from its own Patroni: there is nobody else to ask");
  assert.deepEqual(bench.peers, ["10.0.0.2"]);
  bench.members = [1, 2, 3];
  assert.deepEqual(await bench.askedIn(60_000), [2, 2]);
  assert.deepEqual(bench.peers, ["10.0.0.2", "10.0.0.3"]);
});

test("one that does not answer is not the first to be asked again", async () => {
  const bench = await Bench.open("primary");
  bench.members = [1, 2, 3];
  await bench.clock.pass(30_000);
  bench.reachable = new Set([1, 3]);
  assert.deepEqual(await bench.askedIn(60_000), [2, 3, 3]);
});

test("an advert of a stranger makes it ask at once, but not as often as the stranger likes", async () => {
  const bench = await Bench.open("primary");
  bench.members = [1, 2, 3];
  bench.watch.strangerHeard();
  assert.deepEqual(await bench.askedIn(10), [2]);
  assert.deepEqual(bench.peers, ["10.0.0.2", "10.0.0.3"]);
  bench.asked = [];
  for (let adverts = 0; adverts < 100; adverts += 1) {
    bench.watch.strangerHeard();
    await bench.clock.pass(100);
  }
  assert.deepEqual(bench.asked, [2, 2]);
});

test("a leader without anybody to ask asks its own Patroni, once a minute and only while that hides nothing", async () => {
  const bench = await Bench.open("primary");
  bench.reachable = new Set([1]);
  assert.deepEqual(
    new Set(await bench.askedIn(120_000)),
    new Set([2]),
    "its DCS was seen 9 s ago: it may be in trouble",
  );
  bench.dcsAgeMs = 2_000;
  bench.members = [1, 2, 3];
  const asked = await bench.askedIn(300_000);
  const own = asked.filter((number) => number === 1).length;
  assert.ok(own >= 4 && own <= 5, String(own));
  assert.deepEqual(bench.peers, ["10.0.0.2", "10.0.0.3"]);
});

test("a leader alone in its cluster learns of the second member", async () => {
  const bench = await Bench.open("primary");
  bench.members = [1];
  await bench.clock.pass(30_000);
  assert.deepEqual(bench.peers, []);
  bench.dcsAgeMs = 2_000;
  bench.members = [1, 2];
  await bench.clock.pass(100_000);
  assert.deepEqual(bench.peers, ["10.0.0.2"]);
});

test("one that has a replica VIP asks its own Patroni: no lock is minded for it", async () => {
  const bench = await Bench.open("replica");
  bench.members = [2, 1, 3];
  assert.deepEqual(await bench.askedIn(60_000), [1, 1]);
  assert.deepEqual(bench.peers, ["10.0.0.2", "10.0.0.3"]);
});

test("a Patroni that does not list this node is another cluster's, and changes no peers", async () => {
  const bench = await Bench.open("primary");
  bench.members = [4, 2, 3];
  await bench.clock.pass(60_000);
  assert.deepEqual(bench.peers, ["10.0.0.2"]);
});
