/** The simulated world: nodes, DCS, network, clients; and what each part tells the checks, the trace and the coverage. */
import type { Effect, GroupEvent, GroupSettings, GroupState } from "../../src/core/types.js";
import { type StepFunction, VIP } from "./agent.js";
import { Checks } from "./checks.js";
import type { Coverage } from "./coverage.js";
import { Dcs } from "./dcs.js";
import { Injector } from "./injector.js";
import type { AddressEnd } from "./kernel.js";
import { Lan } from "./lan.js";
import { Neighbour } from "./neighbour.js";
import { Node } from "./node.js";
import type { PatroniSettings, PeerAnswer, PeerQuestion } from "./patroni.js";
import { Random } from "./random.js";
import { Timeline } from "./timeline.js";
import { stepTexts } from "./trace.js";

export interface WorldPlan {
  readonly seed: string;
  readonly nodes: number;
  readonly neighbours: number;
  readonly settings: GroupSettings;
  readonly patroni: PatroniSettings;
}

export interface WorldHooks {
  readonly step: StepFunction;
  readonly coverage: Coverage;
  /** Called with each line of the trace; `null` = nobody reads it. */
  readonly trace: ((line: string) => void) | null;
}

export class World {
  readonly plan: WorldPlan;
  readonly random: Random;
  readonly timeline = new Timeline();
  readonly lan: Lan;
  readonly dcs: Dcs;
  readonly nodes: readonly Node[];
  readonly neighbours: readonly Neighbour[];
  readonly injector: Injector;
  readonly checks: Checks;
  readonly #hooks: WorldHooks;
  paused = false;

  constructor(plan: WorldPlan, hooks: WorldHooks) {
    this.plan = plan;
    this.#hooks = hooks;
    this.random = new Random(plan.seed);
    this.lan = new Lan(this.timeline, this.random.fork("lan"));
    this.dcs = new Dcs(this.timeline, this.random.fork("dcs"), this.lan, plan.patroni.ttlMs, (owner, how) =>
      this.#lockChanged(owner, how),
    );
    this.nodes = Array.from({ length: plan.nodes }, (_, index) => this.#node(index));
    this.neighbours = Array.from({ length: plan.neighbours }, (_, index) => this.#neighbour(`c${String(index + 1)}`));
    this.injector = new Injector(this);
    this.checks = new Checks(this);
    this.#start();
  }

  /** Lets one thing happen and checks what has become of the world. */
  step(): boolean {
    const more = this.timeline.step();
    this.checks.afterEvent();
    return more;
  }

  trace(who: string, text: string): void {
    this.#hooks.trace?.(`${this.timeline.nowMs.toFixed(1).padStart(9)} ${who.padEnd(5)} ${text}`);
  }

  // ── traffic ─────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** An advert from anybody, with whatever source address. `vip` is the address that it claims. */
  advert(sender: string, source: string, priority: number, vip: string): void {
    for (const node of this.nodes) {
      if (node.name === sender) continue;
      this.lan.send("agents", sender, node.name, () => {
        if (node.machine.awake) node.agent.hearAdvert(source, priority, vip);
      });
    }
  }

  /** Gratuitous ARP for the VIP: one request and one reply, which travel alone. */
  announcement(sender: string): void {
    for (const frame of ["request", "reply"]) {
      this.trace(sender, `ARP ${frame}: the VIP is at ${sender}`);
      for (const node of this.nodes) {
        if (node.name === sender) continue;
        this.lan.send("agents", sender, node.name, () => {
          if (node.machine.awake) node.agent.hearAnnouncement(sender);
        });
      }
      for (const neighbour of this.neighbours) {
        this.lan.send("clients", sender, neighbour.name, () => neighbour.hearAnnouncement(sender));
      }
    }
  }

  // ── parts ───────────────────────────────────────────────────────────────────────────────────────────────────────────

  #node(index: number): Node {
    const { settings, patroni } = this.plan;
    return new Node(index, this.random.fork(`n${String(index + 1)}`), {
      timeline: this.timeline,
      lan: this.lan,
      dcs: this.dcs,
      settings,
      patroniSettings: patroni,
      step: this.#hooks.step,
      isPaused: () => this.paused,
      askPeers: (from, question) => this.#askPeers(from, question),
      sendAdvert: (from, priority) => this.advert(from.name, from.address, priority, VIP),
      announce: (from) => {
        this.checks.announced(from);
        this.announcement(from.name);
      },
      vipAdded: (node) => {
        this.trace(node.name, "VIP in");
        this.checks.vipAdded(node);
      },
      vipGone: (node, how) => this.#vipGone(node, how),
      stepped: (...step) => this.#stepped(...step),
      changed: (node, text) => {
        this.trace(node.name, text);
        this.checks.disturbed();
      },
    });
  }

  #neighbour(name: string): Neighbour {
    const hosts = this.nodes.map((node) => ({ name: node.name, answers: () => node.holds }));
    return new Neighbour(name, this.timeline, this.random.fork(name), this.lan, hosts, (mac) =>
      this.trace(name, mac === null ? "forgets the VIP" : `sends to ${mac}`),
    );
  }

  #start(): void {
    for (const [index, node] of this.nodes.entries()) {
      node.postgres.start(index === 0 ? "primary" : "replica", 1, () => undefined);
      // The first node is there first, and gets the lock.
      node.machine.after(index === 0 ? 0 : this.random.between(1_000, 2_000), () => node.patroni.start());
      node.machine.after(this.random.between(0, 2_000), () => node.agent.start());
    }
  }

  #askPeers(from: string, question: PeerQuestion): readonly PeerAnswer[] {
    return this.nodes
      .filter(({ name }) => name !== from)
      .map(({ name, machine, patroni, postgres }) => {
        const reachable = this.lan.passes("rest", from, name) && this.lan.passes("rest", name, from);
        if (!reachable || !machine.awake) return "silent";
        const answer = patroni.answer();
        if (answer.kind === "refused") return "refused";
        if (answer.kind !== "status") return "silent";
        if (postgres.writable) return "primary";
        if (question === "failsafe") patroni.acceptFailsafeLeader();
        return "replica";
      });
  }

  #lockChanged(owner: string | null, how: string): void {
    this.trace("dcs", owner === null ? `the lock is ${how}` : `the lock is ${how} by ${owner}`);
    this.checks.disturbed();
    if (owner !== null) return;
    for (const { name, machine, patroni } of this.nodes) {
      this.dcs.notify(name, () => {
        if (machine.awake) patroni.process.post(() => patroni.wake());
      });
    }
  }

  #vipGone(node: Node, how: AddressEnd): void {
    this.trace(node.name, `VIP out: ${how}`);
    this.checks.vipGone(node, how);
  }

  #stepped(node: Node, before: GroupState, event: GroupEvent, after: GroupState, effects: readonly Effect[]): void {
    if (this.#hooks.trace !== null) {
      for (const text of stepTexts(before, event, after, effects)) this.trace(node.name, text);
    }
    for (const effect of effects) {
      if (effect.kind === "report" && effect.report.kind === "transition") this.#hooks.coverage.saw(effect.report);
    }
    this.checks.stepped(node, before, after, effects);
  }
}
