/** Which adverts a standby need not be told, and what it does when there are none any more. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { initialState, nextDeadlineMs, step } from "../../src/core/group.js";
import { pollIntervalMs } from "../../src/core/polling.js";
import { downIntervalMs } from "../../src/core/speakers.js";
import type { Effect, GroupEvent, GroupSettings, GroupState } from "../../src/core/types.js";
import { defaultSettings, status } from "./transcript.js";

const { timing } = defaultSettings;
const HOLDER = "10.0.0.2";
const OTHER = "10.0.0.3";
const OWN_PRIORITY = 100;
/** Of a node that may have the VIP, as others may. */
const candidate: GroupSettings = {
  ...defaultSettings,
  priority: OWN_PRIORITY,
  election: { preempt: true, preemptDelayMs: 0 },
};
const ownDownMs = downIntervalMs(OWN_PRIORITY, timing.advertIntervalMs, timing);

type Heard = Partial<GroupEvent & { readonly kind: "advertReceived" }>;

class Standby {
  readonly #settings: GroupSettings;
  state: GroupState = { ...initialState(), phase: { kind: "standby", lockSinceMs: null, recovery: "unseen" } };

  constructor(settings: GroupSettings) {
    this.#settings = settings;
  }

  give(event: GroupEvent, nowMs: number): readonly Effect[] {
    const { state, effects } = step(this.#settings, this.state, event, nowMs);
    this.state = state;
    return effects;
  }

  hear(from: string, priority: number, nowMs: number, rest: Heard = {}): readonly Effect[] {
    const { advertIntervalMs: intervalMs } = timing;
    const advert = { from, priority, intervalMs, winsTies: false, vips: ["10.0.0.100"], ...rest };
    return this.give({ kind: "advertReceived", ...advert }, nowMs);
  }

  miss(from: string, nowMs: number): readonly Effect[] {
    return this.give({ kind: "advertsCeased", from }, nowMs);
  }

  /** Patroni says that this node may have the VIP. */
  mayHaveIt(nowMs: number): void {
    const observation = {
      kind: "answered",
      hasRole: true,
      status: status("replica", "running"),
      dcsSeenAtMs: null,
    } as const;
    this.give({ kind: "patroniAnswered", question: 0, sentAtMs: nowMs, answeredAtMs: nowMs, observation }, nowMs);
  }

  deadlineMs(nowMs: number): number {
    return nextDeadlineMs(this.#settings, this.state, nowMs);
  }
}

const expectations = (effects: readonly Effect[]) => effects.filter(({ kind }) => kind === "expectAdverts");
const takesOver = (effects: readonly Effect[]): boolean => effects.some(({ kind }) => kind === "takeOver");

describe("a standby that hears an advert", () => {
  it("expects more of the kind for its lease at most, and misses them after their Active_Down_Interval", () => {
    const silenceMs = downIntervalMs(254, timing.advertIntervalMs, timing);
    assert.deepEqual(expectations(new Standby(defaultSettings).hear(HOLDER, 254, 500)), [
      { kind: "expectAdverts", from: HOLDER, silenceMs, untilMs: timing.leaseMs },
    ]);
  });

  it("wants to be told again at the same instant as all others, whenever each of them heard it", () => {
    const until = (nowMs: number): number => {
      const [expected] = expectations(new Standby(defaultSettings).hear(HOLDER, 254, nowMs));
      assert.ok(expected?.kind === "expectAdverts");
      return expected.untilMs;
    };
    assert.deepEqual([1_000, 1_001, 1_500, 1_999.9].map(until), [2_000, 2_000, 2_000, 2_000]);
  });

  it("misses them after its own Active_Down_Interval where it is a candidate itself", () => {
    const [expected] = expectations(new Standby(candidate).hear(HOLDER, 200, 500));
    assert.equal(expected?.kind === "expectAdverts" && expected.silenceMs, ownDownMs);
  });

  const cases: readonly (readonly [string, GroupSettings, number, Heard, number])[] = [
    ["of a lame duck", defaultSettings, 1, {}, 0],
    ["of a node that lets go", defaultSettings, 0, {}, 0],
    ["with a signature", { ...defaultSettings, hearsEach: true }, 254, {}, 0],
    ["about other VIPs", defaultSettings, 254, { vips: ["10.0.0.101"] }, 0],
    ["of a node that it will preempt", candidate, OWN_PRIORITY - 1, {}, 0],
    [
      "of a node that it will preempt after a while",
      { ...candidate, election: { preempt: true, preemptDelayMs: 60_000 } },
      ...([OWN_PRIORITY - 1, {}, 0] as const),
    ],
    ["of its own priority", candidate, OWN_PRIORITY, {}, 1],
    [
      "of a lower priority that it will not preempt",
      { ...candidate, election: { preempt: false, preemptDelayMs: 0 } },
      ...([OWN_PRIORITY - 1, {}, 1] as const),
    ],
    ["that comes twice in a lease", defaultSettings, 254, { intervalMs: timing.leaseMs / 2 }, 1],
    ["that comes more seldom than that", defaultSettings, 254, { intervalMs: timing.leaseMs / 2 + 10 }, 0],
  ];
  for (const [what, settings, priority, rest, count] of cases) {
    it(`${count === 0 ? "expects nothing after one" : "expects more after one"} ${what}`, () => {
      assert.equal(expectations(new Standby(settings).hear(HOLDER, priority, 0, rest)).length, count);
    });
  }

  it("expects nothing when it is none", () => {
    const node = new Standby(defaultSettings);
    node.state = { ...node.state, phase: { kind: "starting", untilMs: 3_000, adopted: true } };
    assert.deepEqual(expectations(node.hear(HOLDER, 254, 0)), []);
  });
});

describe("a standby of the leader's VIP whose holder falls silent", () => {
  it("asks Patroni fast from that moment on", () => {
    const node = new Standby(defaultSettings);
    node.hear(HOLDER, 254, 0);
    assert.equal(node.state.polling.disturbedAtMs, null);
    assert.equal(pollIntervalMs(node.state, timing, 300), timing.pollMs);
    node.miss(HOLDER, 300);
    assert.deepEqual(node.state.speakers, {});
    assert.equal(node.state.polling.disturbedAtMs, 300);
    assert.equal(pollIntervalMs(node.state, timing, 300), timing.turboMs);
  });

  it("is not disturbed while another node goes on", () => {
    const node = new Standby(defaultSettings);
    node.hear(HOLDER, 254, 0);
    node.hear(OTHER, 254, 10);
    node.miss(HOLDER, 300);
    assert.deepEqual(Object.keys(node.state.speakers), [OTHER]);
    assert.equal(node.state.polling.disturbedAtMs, null);
    node.miss(OTHER, 310);
    assert.equal(node.state.polling.disturbedAtMs, 310);
  });

  it("does not care about the silence of somebody that it has forgotten", () => {
    const node = new Standby(defaultSettings);
    node.hear(HOLDER, 254, 0);
    node.hear(HOLDER, 0, 20);
    const before = node.state.speakers;
    node.miss(HOLDER, 300);
    assert.deepEqual(node.state.speakers, before);
  });

  it("notices by itself, later, when the network never tells", () => {
    const node = new Standby(defaultSettings);
    const [expected] = expectations(node.hear(HOLDER, 254, 0));
    assert.ok(expected?.kind === "expectAdverts");
    const downAtMs = expected.untilMs + expected.silenceMs;
    assert.equal(node.state.speakers[HOLDER]?.downAtMs, downAtMs);
    node.give({ kind: "tick" }, downAtMs - 1);
    assert.equal(node.state.polling.disturbedAtMs, null);
    assert.ok(node.deadlineMs(downAtMs - 1) <= downAtMs);
    node.give({ kind: "tick" }, downAtMs);
    assert.equal(node.state.polling.disturbedAtMs, downAtMs);
  });

  it("expects anew with the next advert that it is told, and forgets what was said of the last", () => {
    const node = new Standby(defaultSettings);
    node.hear(HOLDER, 254, 0);
    const [expected] = expectations(node.hear(HOLDER, 254, 1_000));
    assert.equal(expected?.kind === "expectAdverts" && expected.untilMs, 1_000 + timing.leaseMs);
    // A lame duck speaks for itself: each of its adverts is told.
    node.hear(HOLDER, 1, 1_100);
    assert.equal(node.state.speakers[HOLDER]?.downAtMs, 1_100 + downIntervalMs(1, timing.advertIntervalMs, timing));
  });
});

describe("a candidate that hears a better one", () => {
  /** Eligible for long, it hears the holder at 900 for the last time. */
  const waiting = (): Standby => {
    const node = new Standby(candidate);
    node.mayHaveIt(0);
    node.hear(HOLDER, 200, 100);
    node.mayHaveIt(800);
    node.hear(HOLDER, 200, 900);
    return node;
  };
  const silentAtMs = 900 + ownDownMs;

  it("takes over when the network says that it is silent, and not before", () => {
    const node = waiting();
    assert.ok(!takesOver(node.give({ kind: "tick" }, silentAtMs - 1)));
    assert.ok(takesOver(node.miss(HOLDER, silentAtMs)));
    assert.equal(node.state.phase.kind, "holder");
  });

  it("waits as long as another active node goes on", () => {
    const node = waiting();
    node.hear(OTHER, 150, 950);
    assert.ok(!takesOver(node.miss(HOLDER, silentAtMs)));
    assert.ok(!takesOver(node.give({ kind: "tick" }, silentAtMs + 50)));
    assert.ok(takesOver(node.miss(OTHER, silentAtMs + 60)));
  });

  it("waits for an interval of its own where it has only just become eligible", () => {
    const node = new Standby(candidate);
    node.hear(HOLDER, 200, 0);
    node.mayHaveIt(200);
    assert.ok(!takesOver(node.miss(HOLDER, ownDownMs)));
    const downAtMs = 200 + ownDownMs;
    assert.ok(!takesOver(node.give({ kind: "tick" }, downAtMs - 1)));
    assert.equal(node.deadlineMs(downAtMs - 1), downAtMs);
    assert.ok(takesOver(node.give({ kind: "tick" }, downAtMs)));
  });

  it("takes over by itself, later, when the network never tells", () => {
    const node = waiting();
    const downAtMs = timing.leaseMs + ownDownMs;
    node.mayHaveIt(downAtMs - 10);
    assert.ok(!takesOver(node.give({ kind: "tick" }, downAtMs - 1)));
    assert.ok(takesOver(node.give({ kind: "tick" }, downAtMs)));
  });

  it("takes over within its skew time when the better one lets go, although adverts were expected of it", () => {
    const node = waiting();
    node.hear(HOLDER, 0, 950);
    const skewMs = ((256 - OWN_PRIORITY) * timing.advertIntervalMs) / 256;
    assert.ok(!takesOver(node.give({ kind: "tick" }, 950 + skewMs - 1)));
    assert.ok(takesOver(node.give({ kind: "tick" }, 950 + skewMs)));
  });
});
