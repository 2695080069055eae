/**
 * The words of the core: settings, state, events (facts that happened) and effects (orders for the shell) of one group.
 *
 * Pure data. Every instant is in monotonic milliseconds and ends in `AtMs` or `UntilMs`; every span ends in `Ms`.
 */
import type { DcsSettings, DcsTold, Member, Observation } from "./observation.js";
import type { Verdict } from "./verdict.js";

export type TakeOn = "auto" | "lock" | "writable";

export interface GroupSettings {
  /** VIPs without prefix length, in configuration order. */
  readonly vips: readonly string[];
  /** VRRP priority of a holder's adverts (RFC 9568 section 5.2.4). */
  readonly priority: number;
  readonly takeOn: TakeOn;
  /** Each advert has to be looked at, even one that says the same again: it is signed. */
  readonly hearsEach: boolean;
  /** How one of several eligible nodes is chosen; `null` for a role that Patroni's leader lock gives to one node only. */
  readonly election: ElectionSettings | null;
  readonly timing: Timing;
}

/** RFC 9568 section 6.1. */
export interface ElectionSettings {
  /** Preempt_Mode: take the VIP from a holder of lower priority. */
  readonly preempt: boolean;
  /** ... but only after this node has been eligible for so long. */
  readonly preemptDelayMs: number;
}

/** Spans in milliseconds; the defaults are in the configuration's table. */
export interface Timing {
  readonly advertIntervalMs: number;
  /** What Skew_Time is a share of; `null`: the interval of the advert. */
  readonly skewUnitMs: number | null;
  /** Between questions to Patroni: at rest, when a fail-over may be under way, from the lock on. */
  readonly pollMs: number;
  readonly turboMs: number;
  readonly lockPollMs: number;
  /** One whole exchange with Patroni. */
  readonly answerTimeoutMs: number;
  /** Native lease. */
  readonly leaseMs: number;
  /** A lame duck whose PostgreSQL is down keeps the VIP at most this long. */
  readonly holdTimeoutMs: number;
  /** A lame duck without answers keeps the VIP at most this long after the last good answer. */
  readonly silenceTimeoutMs: number;
  /** An adopted VIP waits at most this long for Patroni's first answer. */
  readonly startupGraceMs: number;
  /** With the lock, while a lame duck answers for the VIP: wait at most this long for PostgreSQL to take writes. */
  readonly promoteGraceMs: number;
}

/** Names a state in logs and status. */
export type PhaseKind = "starting" | "standby" | "holder" | "lameDuck" | "fault" | "stopped";

export type Phase =
  /** Nothing was looked at yet (`adopted` false), or the VIP was found on the interface and Patroni is being asked. */
  | { readonly kind: "starting"; readonly untilMs: number; readonly adopted: boolean }
  | {
      readonly kind: "standby";
      /** Since when Patroni says that the lock is ours, while we wait for PostgreSQL to take writes. */
      readonly lockSinceMs: number | null;
      /**
       * Of PostgreSQL on this node, since then. `watched`: its end will be told. `over`: it takes writes, whether or not
       * Patroni has said so.
       */
      readonly recovery: "unseen" | "watched" | "over";
    }
  | { readonly kind: "holder"; readonly hold: Hold }
  | { readonly kind: "lameDuck"; readonly hold: Hold; readonly bounds: DuckBounds }
  | { readonly kind: "fault"; readonly fault: Fault; readonly retryAtMs: number }
  | { readonly kind: "stopped" };

/** What a node that has the VIP keeps in mind, whatever its right to it. */
export interface Hold {
  readonly sinceMs: number;
  /** VRRP priority of its adverts. */
  readonly priority: number;
  /** When an advert last went out of turn, as an answer to another's. */
  readonly assertedAtMs: number;
  readonly renewAtMs: number;
  /** When the lease that was given at the last renewal ends, should the core stand still until then. */
  readonly leaseOverAtMs: number;
  /** When the address was put in; `null` until the network has reported it. */
  readonly addressAtMs: number | null;
  /** Somebody deleted the address: put it back at this instant. */
  readonly restoreAtMs: number | null;
  readonly claim: Claim | null;
}

/** Another node's advert or announcement for our VIP, until Patroni has confirmed or denied us. */
export interface Claim {
  readonly from: string;
  readonly heardAtMs: number;
}

/**
 * The deadlines a lame duck has met so far, each set once when its case was first seen; the earliest counts. All are
 * forgotten when Patroni says again that this node leads.
 */
export type DuckCase = "down" | "replica" | "accepts" | "refuses" | "ineligible";
export type DuckBounds = Readonly<Partial<Record<DuckCase, number>>>;

export type Fault =
  | { readonly kind: "link"; readonly text: string }
  | { readonly kind: "address"; readonly errno: string; readonly text: string };

/** The last usable or useless answer of Patroni, judged. */
export interface View {
  readonly verdict: Verdict;
  readonly sentAtMs: number;
  readonly answeredAtMs: number;
  readonly observation: Observation;
}

/** Another node heard on our VRID about our VIPs. */
export interface Speaker {
  readonly priority: number;
  /** Its address is higher than ours, so it has the VIP when priorities are equal (RFC 9568 section 6.4.3). */
  readonly winsTies: boolean;
  readonly lastAtMs: number;
  /** Active_Down_Interval counted from its last advert (RFC 9568 section 6.1). */
  readonly downAtMs: number;
}

export interface Polling {
  /** Numbers of the questions that are not answered yet; see questionsAtOnce. */
  readonly inFlight: readonly number[];
  /** Number of the patient question that is not answered yet, which is not among those; see isCalm. */
  readonly patient: number | null;
  readonly lastQuestion: number;
  /** When the last question was ordered; once it is answered, when it was sent. */
  readonly lastAskedAtMs: number;
  /** Ask at this instant, or as soon after it as nothing is in flight, whatever the interval; Infinity = no hurry. */
  readonly urgentAtMs: number;
  /** A fail-over may be under way since then: turbo. */
  readonly disturbedAtMs: number | null;
}

/** The question whether a stranger has the VIP; see probe.ts. */
export interface Probe {
  readonly sentAtMs: number | null;
  readonly answer: { readonly vip: string; readonly mac: string } | null;
  /** When a holder asks once more; Infinity: never. */
  readonly againAtMs: number;
}

/** Announcements that are due, and the last ones made (the budget of ARP frames). */
export interface Announcing {
  readonly dueAtMs: readonly number[];
  readonly madeAtMs: readonly number[];
}

export interface Counters {
  readonly takeOvers: number;
  readonly releases: number;
  readonly conflicts: number;
  readonly leasesEnded: number;
  readonly addressesRestored: number;
  readonly announcements: number;
  readonly foreignAdverts: number;
}

/** A standby's part in an election. */
export interface Contest {
  readonly eligibleSinceMs: number;
  /** Active_Down_Timer: nobody who may keep it has the VIP from then on (RFC 9568 section 6.1). */
  readonly downAtMs: number;
}

/** Another holder and Patroni contradict each other; see contradiction.ts. */
export interface Contradiction {
  /** When Patroni has confirmed this node against another holder, of late. */
  readonly confirmedAtMs: readonly number[];
  /** When `/cluster` was last asked for. */
  readonly readAtMs: number;
  /** Whom `/cluster` names in our place: this node does without the VIP although Patroni says that it leads. */
  readonly yieldedTo: string | null;
}

/** `GET /cluster`, read anew. */
export interface ClusterReading {
  readonly sentAtMs: number;
  /** `null`: no usable answer. */
  readonly members: readonly Member[] | null;
  /** The name of this node's member; `null` when it cannot be told. */
  readonly own: string | null;
}

/** An operator's word about the VIP on this node (maintenance.ts); `untilMs` Infinity = until the next word. */
export type Maintenance =
  | { readonly kind: "none" }
  /** The VIP stays where it is. `pinned`: that is here, so a VIP lost to a fault comes back. */
  | { readonly kind: "paused"; readonly untilMs: number; readonly pinned: boolean }
  /** This node does without the VIP. */
  | { readonly kind: "released"; readonly untilMs: number };

export interface GroupState {
  readonly phase: Phase;
  readonly phaseSinceMs: number;
  readonly view: View | null;
  /** Since when Patroni has given no usable answer; `null` when the last one was usable. */
  readonly silentSinceMs: number | null;
  /** A node without the VIP takes it only on an answer to a question sent at or after this instant. */
  readonly distrustBeforeMs: number;
  /** Until when the last "leads" answer lets a silent Patroni be believed (facts about the DCS lease). */
  readonly rightUntilMs: number;
  readonly dcs: DcsSettings | null;
  /** `null` before Patroni has first told. */
  readonly dcsTold: DcsTold | null;
  readonly maintenance: Maintenance;
  readonly contradiction: Contradiction;
  /** The cluster was in Patroni's maintenance mode when Patroni, having seen its DCS, last said something. */
  readonly clusterPaused: boolean;
  readonly speakers: Readonly<Record<string, Speaker>>;
  /** What a standby that is eligible for an elected VIP waits for; `null` for any other. */
  readonly contest: Contest | null;
  readonly polling: Polling;
  readonly probe: Probe;
  readonly announcing: Announcing;
  /** When VIPs that the kernel would not remove are to be removed again; Infinity: none is left. */
  readonly removeAtMs: number;
  /** When each of the warnings that go on while their cause lasts may be told again. */
  readonly remindAtMs: Readonly<Partial<Record<Reason, number>>>;
  readonly counters: Counters;
}

/** Facts, from the shell. Each is handed over with the instant of the step, never before the instants inside it. */
export type GroupEvent =
  /** The interface was looked at: `present` when one of our VIPs is on it. */
  | { readonly kind: "interfaceReady"; readonly present: boolean }
  | { readonly kind: "interfaceLost"; readonly reason: string }
  /** Same interface, but another hardware address, another source or other peers for adverts. */
  | { readonly kind: "interfaceChanged" }
  /** The settings are others from now on, and so may be what a holder says and has. */
  | { readonly kind: "reconfigured" }
  | {
      readonly kind: "patroniAnswered";
      readonly question: number;
      readonly sentAtMs: number;
      readonly answeredAtMs: number;
      readonly observation: Observation;
    }
  | { readonly kind: "dcsSettingsLearned"; readonly dcs: DcsSettings }
  /** `readCluster` was ordered. */
  | { readonly kind: "clusterRead"; readonly reading: ClusterReading }
  | {
      readonly kind: "advertReceived";
      readonly from: string;
      readonly winsTies: boolean;
      readonly priority: number;
      readonly intervalMs: number;
      readonly vips: readonly string[];
    }
  /** Adverts were expected of this node, and none has come for as long as was said. */
  | { readonly kind: "advertsCeased"; readonly from: string }
  /** An advert on our router ID that may not be listened to, and why. */
  | { readonly kind: "advertRefused"; readonly text: string }
  /** A peer that is heard will not be any more, when its clock and ours go on to differ. */
  | { readonly kind: "clockDiffers"; readonly text: string }
  /** ARP or NA from another host that says the VIP is there. */
  | { readonly kind: "vipAnnounced"; readonly vip: string; readonly mac: string }
  | { readonly kind: "tookOver"; readonly times: TakeOverTimes }
  | { readonly kind: "takeOverFailed"; readonly errno: string; readonly text: string }
  /** The network was told to remove our VIPs, and the kernel would not: one may still be there. */
  | { readonly kind: "removalFailed"; readonly text: string }
  | { readonly kind: "addressGone"; readonly vip: string; readonly atMs: number }
  /** One of our VIPs appeared on the interface without our doing. */
  | { readonly kind: "addressAppeared"; readonly vip: string }
  /** The network let go by itself. */
  | { readonly kind: "leaseEnded" }
  /** The machine slept, or stood still, for this long. */
  | { readonly kind: "suspended"; readonly forMs: number }
  /** `watchRecovery` was ordered: PostgreSQL on this node is in recovery, and `recoveryEnded` will tell its end. */
  | { readonly kind: "recoveryWatched" }
  | { readonly kind: "recoveryEnded" }
  /** Somebody says that it is worth asking Patroni now. */
  | { readonly kind: "notified" }
  | { readonly kind: "maintenanceOrdered"; readonly maintenance: Maintenance }
  | { readonly kind: "stopRequested"; readonly policy: "release" | "keep" }
  /** A deadline passed. */
  | { readonly kind: "tick" };

export interface TakeOverTimes {
  readonly startedAtMs: number;
  readonly addressAtMs: number;
  readonly announcedAtMs: number;
  readonly advertisedAtMs: number;
}

export interface Leases {
  readonly leaseUntilMs: number;
  readonly rightUntilMs: number;
}

/** How long a question is asked again before its answer is told although it says nothing new. */
export interface Patience {
  /** The first time at this instant, and then at this interval. */
  readonly firstAtMs: number;
  readonly everyMs: number;
  /** Not again after this instant: what was said last is the answer. */
  readonly untilMs: number;
}

/** Orders, to be carried out in the order given. */
export type Effect =
  /** An answer to a question of another group that was asked at `notBeforeMs` or later will do. */
  | { readonly kind: "ask"; readonly question: number; readonly notBeforeMs: number; readonly timeoutMs: number }
  /** Ask again and again, and answer when Patroni says something else than it did last, or patience is over. */
  | {
      readonly kind: "askPatiently";
      readonly question: number;
      readonly patience: Patience;
      readonly timeoutMs: number;
    }
  /**
   * Adverts of this node that say the same as its last one need not be told until then, as long as there is one in each
   * `silenceMs`. It ends when this node is no standby any more: whoever has the VIP hears every advert.
   */
  | { readonly kind: "expectAdverts"; readonly from: string; readonly silenceMs: number; readonly untilMs: number }
  /** Tell who leads by `GET /cluster`, which makes Patroni read its DCS. */
  | { readonly kind: "readCluster" }
  /** Tell when PostgreSQL on this node ends its recovery, where that can be seen. */
  | { readonly kind: "watchRecovery" }
  /** Addresses in, announcement (unless the VIP is only kept), advert of this priority on its cadence. */
  | { readonly kind: "takeOver"; readonly priority: number; readonly announce: boolean; readonly leases: Leases }
  | { readonly kind: "renew"; readonly leases: Leases }
  | { readonly kind: "advertise"; readonly priority: number }
  | { readonly kind: "announce" }
  | { readonly kind: "release" }
  /** Ends the agent's part and leaves the addresses to the kernel lease. */
  | { readonly kind: "abandon" }
  /** Asks the neighbours whether anybody has our VIPs. */
  | { readonly kind: "probe" }
  /** Deletes our VIPs from the interface although we do not hold them. */
  | { readonly kind: "removeLeftover" }
  | { readonly kind: "report"; readonly report: Report };

/** What logs, history, metrics and hooks are told; each thing once. */
export type Report =
  | {
      readonly kind: "transition";
      readonly from: PhaseKind;
      readonly to: PhaseKind;
      readonly reason: Reason;
      readonly text: string;
      /** The question whose answer decided was sent, its answer arrived, the decision was made. */
      readonly askedAtMs: number | null;
      readonly answeredAtMs: number | null;
      readonly decidedAtMs: number;
    }
  | { readonly kind: "tookOver"; readonly times: TakeOverTimes }
  | { readonly kind: "notice"; readonly reason: Reason; readonly text: string }
  | { readonly kind: "alarm"; readonly reason: Reason; readonly text: string };

/** Reason codes of transitions, notices and alarms: stable words for logs, status, metrics and tests. */
export type Reason =
  | "adopted"
  | "not-present"
  | "primary-writable"
  | "primary-promoting"
  | "recovery-over"
  | "leader-lock"
  | "promote-grace-over"
  | "postgres-recovering"
  | "postgres-ending"
  | "not-leader"
  | "elected"
  | "outranked"
  | "not-eligible"
  | "patroni-silent"
  | "patroni-back"
  | "claim"
  | "conflict"
  | "two-leaders"
  | "deadline"
  | "startup-grace-over"
  | "lease-ended"
  | "address-deleted"
  | "address-foreign"
  | "address-in-use"
  | "address-refused"
  | "address-stuck"
  | "router-id-foreign"
  | "advert-refused"
  | "clock-differs"
  | "vips-differ"
  | "interval-differs"
  | "link-down"
  | "retry"
  | "suspended"
  | "paused"
  | "released"
  | "resumed"
  | "withheld"
  | "stop-release"
  | "stop-keep";
