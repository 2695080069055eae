/** Which signed adverts are new, on virtual clocks that reboot, drift and step. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ReplayWindow } from "../../src/shell/replay-window.js";

const WINDOW_MS = 5_000;
const PEER = "10.0.0.2";
/** Some moment of the present. */
const START_S = 1_795_000_000;

/** A receiver and a sender, each with its own clocks; `pass` is the time that really goes by. */
class Pair {
  window = new ReplayWindow();
  receiver = { wallMs: START_S * 1000, monotonicMs: 1_000_000 };
  senderMs = START_S * 1000;

  pass(ms: number): void {
    this.receiver = { wallMs: this.receiver.wallMs + ms, monotonicMs: this.receiver.monotonicMs + ms };
    this.senderMs += ms;
  }

  send(): bigint {
    return sequenceAt(this.senderMs);
  }

  hear(sequence: bigint): string {
    return this.window.judge(PEER, { sequence }, WINDOW_MS, this.receiver).verdict;
  }

  /** Adverts each 100 ms for as long; the verdicts. */
  hearFor(ms: number): string[] {
    const verdicts: string[] = [];
    for (let passed = 0; passed < ms; passed += 100) {
      this.pass(100);
      verdicts.push(this.hear(this.send()));
    }
    return verdicts;
  }

  reboot(): void {
    this.window = new ReplayWindow();
    this.receiver = { ...this.receiver, monotonicMs: 0 };
  }
}

function sequenceAt(ms: number): bigint {
  const seconds = Math.floor(ms / 1000);
  const fraction = Math.floor(((ms % 1000) / 1000) * 2 ** 16);
  return (BigInt.asUintN(32, BigInt(seconds)) << 32n) | (BigInt(fraction) << 16n);
}

function only(verdicts: readonly string[]): string {
  return [...new Set(verdicts)].join(" ");
}

test("adverts in order are new; the same again, or an older one, is a replay", () => {
  const pair = new Pair();
  assert.equal(only(pair.hearFor(1_000)), "new");
  const last = pair.send();
  assert.equal(pair.hear(last), "replayed");
  assert.equal(pair.hear(last - 1n), "replayed");
  assert.equal(pair.hear(last + 1n), "new", "the counter alone makes an advert a later one");
});

test("who is new is heard within the window of our clock, ahead and behind", () => {
  for (const [apartMs, verdict] of [
    [-5_001, "stale"],
    [-5_000, "new"],
    [0, "new"],
    [5_000, "new"],
    [5_001, "stale"],
    [-3_600_000, "stale"],
    [3_600_000, "stale"],
  ] as const) {
    const pair = new Pair();
    pair.senderMs += apartMs;
    assert.equal(pair.hear(pair.send()), verdict, String(apartMs));
  }
});

test("it is told how far the sender's clock is ahead", () => {
  const window = new ReplayWindow();
  const now = { wallMs: START_S * 1000, monotonicMs: 0 };
  assert.equal(window.judge(PEER, { sequence: sequenceAt(START_S * 1000 + 1500) }, WINDOW_MS, now).aheadMs, 1500);
  assert.equal(window.judge(PEER, { sequence: sequenceAt(START_S * 1000 - 60_000) }, WINDOW_MS, now).aheadMs, -60_000);
});

test("a recording is no good later on, neither while its sender speaks nor after it has died", () => {
  const pair = new Pair();
  pair.hearFor(1_000);
  const recorded = Array.from({ length: 50 }, () => {
    pair.pass(100);
    return pair.send();
  });
  // The receiver was cut off while they were sent.
  pair.pass(30_000);
  assert.equal(only(recorded.map((sequence) => pair.hear(sequence))), "stale");
  assert.equal(pair.hear(pair.send()), "new");
  assert.equal(only(recorded.map((sequence) => pair.hear(sequence))), "stale");
});

test("after a reboot of the receiver old adverts stay old", () => {
  const pair = new Pair();
  const recorded = pair.send();
  pair.hearFor(20_000);
  pair.reboot();
  assert.equal(pair.hear(recorded), "stale");
  assert.equal(only(pair.hearFor(1_000)), "new");
});

test("a receiver that boots with a wrong clock hears nobody until the clock is set", () => {
  const pair = new Pair();
  pair.reboot();
  pair.receiver.wallMs = 0;
  assert.equal(only(pair.hearFor(1_000)), "stale");
  pair.receiver.wallMs = pair.senderMs;
  assert.equal(only(pair.hearFor(1_000)), "new");
});

for (const [what, stepMs] of [
  ["forth", 3_600_000],
  ["back", -3_600_000],
  ["back a little", -4_000],
] as const) {
  test(`a step of the receiver's clock, ${what}, does not make it deaf`, () => {
    const pair = new Pair();
    pair.hearFor(1_000);
    pair.receiver.wallMs += stepMs;
    assert.equal(only(pair.hearFor(10_000)), "new");
    const recorded = pair.send();
    pair.hearFor(10_000);
    assert.notEqual(pair.hear(recorded), "new");
    // And back again.
    pair.receiver.wallMs -= stepMs;
    assert.equal(only(pair.hearFor(10_000)), "new");
  });
}

test("a sender whose clock is set to the right time is heard on at once, whichever way it was wrong", () => {
  for (const wrongMs of [-3_600_000, 3_600_000]) {
    const pair = new Pair();
    pair.hearFor(1_000);
    // The receiver's clock is wrong together with it, so that they understand each other.
    pair.senderMs += wrongMs;
    pair.receiver.wallMs += wrongMs;
    pair.hear(pair.send());
    pair.hearFor(1_000);
    pair.senderMs -= wrongMs;
    pair.receiver.wallMs -= wrongMs;
    assert.equal(only(pair.hearFor(1_000)), "new");
  }
});

test("a sender whose clock steps to a wrong time is unheard while it is wrong, and no longer", () => {
  const pair = new Pair();
  pair.hearFor(1_000);
  pair.senderMs += 3_600_000;
  assert.equal(only(pair.hearFor(1_000)), "stale");
  pair.senderMs -= 3_600_000;
  assert.equal(only(pair.hearFor(1_000)), "new");
});

test("adverts that somebody holds back a little longer each time are stale in the end", () => {
  const pair = new Pair();
  pair.hearFor(1_000);
  // Clocks that disagree: only the pace says what is timely.
  pair.receiver.wallMs += 3_600_000;
  const queue: bigint[] = [];
  const verdicts: string[] = [];
  for (let count = 0; count < 1_000; count += 1) {
    pair.pass(100);
    queue.push(pair.send());
    // Nine of ten are passed on.
    if (count % 10 !== 0) verdicts.push(pair.hear(queue.shift() ?? 0n));
  }
  assert.equal(verdicts[0], "new");
  assert.equal(verdicts.at(-1), "stale");
  assert.ok(verdicts.lastIndexOf("new") < 600, "delays do not add up beyond the window");
});

test("the seconds may wrap around", () => {
  const pair = new Pair();
  pair.senderMs = 2 ** 32 * 1000 - 1_000;
  pair.receiver.wallMs = pair.senderMs;
  assert.equal(only(pair.hearFor(3_000)), "new");
  assert.equal(pair.hear(sequenceAt(2 ** 32 * 1000 - 500)), "replayed");
});

test("each sender has a window of its own, and the number of senders is bounded", () => {
  const window = new ReplayWindow();
  const now = { wallMs: START_S * 1000, monotonicMs: 0 };
  const sequence = sequenceAt(now.wallMs);
  const hear = (source: string): string => window.judge(source, { sequence }, WINDOW_MS, now).verdict;
  for (let number = 1; number <= 16; number += 1) assert.equal(hear(`10.0.0.${String(number)}`), "new");
  for (let number = 1; number <= 16; number += 1) assert.equal(hear(`10.0.0.${String(number)}`), "replayed");
  assert.equal(hear("10.0.0.17"), "new");
  assert.equal(hear("10.0.0.2"), "replayed");
  assert.equal(hear("10.0.0.1"), "new", "silent for longest, so forgotten");
});
