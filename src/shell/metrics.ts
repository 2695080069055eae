/**
 * The agent's metrics for Prometheus: what the status document tells, as gauges and counters, and how long things took, as
 * histograms. Loaded only when `metrics` is set. Names follow Prometheus' rules: base units, `_total` for counters.
 */
import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from "prom-client";
import type { GroupState, Report } from "../core/types.js";
import type { HealthAnswer, Patroni } from "../ports/patroni.js";
import type { StatusDocument } from "../status.js";

const STATES = ["starting", "standby", "holder", "lameDuck", "fault", "stopped"] as const;
/** From a tenth of a millisecond to the 10 s after which nobody calls it a fail-over any more. */
const BUCKETS = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Metrics of the package that break Prometheus' rule for names: gauges that end in `_total`. */
const MISNAMED = ["nodejs_active_handles_total", "nodejs_active_requests_total", "nodejs_active_resources_total"];

/** What was said and heard on the wire so far. */
export interface WireCounts {
  readonly groups: readonly {
    readonly name: string;
    readonly heard: number;
    readonly resignationsHeard: number;
    readonly resignationsSent: number;
  }[];
  readonly socketsDestroyed: number;
}

interface Decision {
  readonly report: Report & { readonly kind: "transition" };
  /** When another holder was last heard. */
  readonly heardAtMs: number | null;
}

export class Metrics {
  readonly #registry = new Registry();
  readonly #status: () => StatusDocument;
  readonly #wire: () => WireCounts;
  /** The decision that the next take-over of a group carries out. */
  readonly #decisions = new Map<string, Decision>();
  readonly #transitions: Counter;
  readonly #detect: Histogram;
  readonly #act: Histogram;
  readonly #gap: Histogram;
  readonly #poll: Histogram;

  constructor(status: () => StatusDocument, wire: () => WireCounts) {
    this.#status = status;
    this.#wire = wire;
    const registers: [Registry] = [this.#registry];
    collectDefaultMetrics({ register: this.#registry });
    for (const name of MISNAMED) this.#registry.removeSingleMetric(name);
    this.#transitions = new Counter({
      name: "pgvip_transitions_total",
      help: "Changes of a group's state, by the new state and the reason.",
      labelNames: ["group", "from", "to", "reason"],
      registers,
    });
    const duration = (name: string, help: string, label: string): Histogram =>
      new Histogram({ name, help, labelNames: [label], buckets: BUCKETS, registers });
    this.#detect = duration(
      "pgvip_detect_seconds",
      "From the question to Patroni to the decision to take over.",
      "group",
    );
    this.#act = duration(
      "pgvip_act_seconds",
      "From the decision to take over to the announcement of the VIP.",
      "group",
    );
    this.#gap = duration(
      "pgvip_gap_seconds",
      "From the last advert of another holder to the announcement of this one: the blackout as the agent sees it.",
      "group",
    );
    this.#poll = duration(
      "pgvip_patroni_answer_seconds",
      "How long Patroni took to answer, by what it said.",
      "answer",
    );
    this.#pulled(registers);
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  /** In Prometheus' text format. */
  async text(): Promise<string> {
    return this.#registry.metrics();
  }

  note(group: string, report: Report, state: GroupState): void {
    if (report.kind === "transition") {
      const { from, to, reason } = report;
      this.#transitions.inc({ group, from, to, reason });
      // Now, since a holder that hands over says priority 0 and is forgotten before the take-over is reported.
      const heardAtMs = Object.values(state.speakers).map(({ lastAtMs }) => lastAtMs);
      this.#decisions.set(group, { report, heardAtMs: heardAtMs.length === 0 ? null : Math.max(...heardAtMs) });
    } else if (report.kind === "tookOver") {
      const decision = this.#decisions.get(group);
      const { announcedAtMs } = report.times;
      if (decision === undefined) return;
      this.#decisions.delete(group);
      const { askedAtMs, decidedAtMs } = decision.report;
      observe(this.#detect, group, askedAtMs, decidedAtMs);
      observe(this.#act, group, decidedAtMs, announcedAtMs);
      observe(this.#gap, group, decision.heardAtMs, announcedAtMs);
    }
  }

  /** The same Patroni, with its answers timed. */
  timed(patroni: Patroni): Patroni {
    const note = (answer: HealthAnswer): HealthAnswer => {
      const { sentAtMs, answeredAtMs, observation } = answer;
      const said = observation.kind === "answered" ? (observation.hasRole ? "yes" : "no") : observation.reason;
      observe(this.#poll, said, sentAtMs, answeredAtMs, "answer");
      return answer;
    };
    return {
      health: async (path, timeoutMs) => note(await patroni.health(path, timeoutMs)),
      news: async (path, timeoutMs, terms) => note(await patroni.news(path, timeoutMs, terms)),
      settings: (timeoutMs) => patroni.settings(timeoutMs),
      members: (timeoutMs) => patroni.members(timeoutMs),
      close: () => {
        patroni.close();
      },
    };
  }

  /** What is read off the status document whenever somebody asks. */
  #pulled(registers: [Registry]): void {
    const gauge = (name: string, help: string, labelNames: string[], set: (gauge: Gauge) => void): void => {
      new Gauge({
        name,
        help,
        labelNames,
        registers,
        collect() {
          this.reset();
          set(this);
        },
      });
    };
    const groups = (): StatusDocument["groups"] => this.#status().groups;
    gauge("pgvip_info", "Version of the agent; always 1.", ["version"], (info) => {
      info.set({ version: this.#status().agent.version }, 1);
    });
    gauge("pgvip_group_state", "1 for the state that the group is in.", ["group", "state"], (states) => {
      for (const { name, state } of groups()) {
        for (const candidate of STATES) states.set({ group: name, state: candidate }, candidate === state ? 1 : 0);
      }
    });
    gauge("pgvip_group_state_since_seconds", "When the group came into its state (Unix time).", ["group"], (since) => {
      for (const group of groups()) since.set({ group: group.name }, Date.parse(group.since) / 1_000);
    });
    gauge("pgvip_maintenance", "1 while an operator has the group paused or released.", ["group", "mode"], (modes) => {
      for (const { name, maintenance } of groups())
        if (maintenance) modes.set({ group: name, mode: maintenance.mode }, 1);
    });
    gauge("pgvip_alarms", "Alarms that stand, by their code.", ["group", "code"], (alarms) => {
      for (const group of groups()) for (const { code } of group.alarms) alarms.inc({ group: group.name, code });
    });
    gauge("pgvip_patroni_silent", "1 while Patroni gives no usable answer.", ["group"], (silent) => {
      for (const { name, patroni } of groups()) silent.set({ group: name }, patroni.verdict === "silent" ? 1 : 0);
    });
    gauge("pgvip_peers", "Other nodes whose adverts are heard.", ["group"], (peers) => {
      for (const group of groups()) peers.set({ group: group.name }, group.peers.length);
    });
    this.#pulledCounters(registers);
  }

  #pulledCounters(registers: [Registry]): void {
    const counter = (name: string, help: string, labelNames: string[], count: (counter: Counter) => void): void => {
      new Counter({
        name,
        help,
        labelNames,
        registers,
        collect() {
          this.reset();
          count(this);
        },
      });
    };
    const status = this.#status;
    counter("pgvip_packets_dropped_total", "Received packets that were not used.", ["reason"], (drops) => {
      for (const [reason, count] of Object.entries(status().drops)) drops.inc({ reason }, count);
    });
    counter(
      "pgvip_events_total",
      "What a group did and met: take-overs, releases, conflicts...",
      ["group", "event"],
      (events) => {
        for (const { name, counters } of status().groups) {
          for (const [event, count] of Object.entries(counters)) events.inc({ group: name, event }, count);
        }
      },
    );
    const wire = this.#wire;
    counter("pgvip_adverts_received_total", "Adverts of other nodes that were listened to.", ["group"], (heard) => {
      for (const one of wire().groups) heard.inc({ group: one.name }, one.heard);
    });
    counter("pgvip_resignations_received_total", "Those of priority 0: a holder gave up.", ["group"], (heard) => {
      for (const one of wire().groups) heard.inc({ group: one.name }, one.resignationsHeard);
    });
    counter("pgvip_resignations_sent_total", "Adverts of priority 0 that this node sent.", ["group"], (sent) => {
      for (const one of wire().groups) sent.inc({ group: one.name }, one.resignationsSent);
    });
    counter("pgvip_sockets_destroyed_total", "TCP sessions to VIPs that were reset at a release.", [], (destroyed) => {
      destroyed.inc(wire().socketsDestroyed);
    });
  }
}

/** One span in seconds, if both its ends are known. */
function observe(histogram: Histogram, value: string, fromMs: number | null, toMs: number, label = "group"): void {
  if (fromMs !== null) histogram.observe({ [label]: value }, Math.max(0, toMs - fromMs) / 1_000);
}
