/** Makes faults happen and undoes them. Knows which are under way, so the checks know when nothing disturbs the world. */
import { unreachable } from "../../src/assert.js";
import { VIP } from "./agent.js";
import {
  type Fault,
  type NodeFault,
  type ScheduledFault,
  type Target,
  type WorldFault,
  describeFault,
} from "./faults.js";
import type { Node } from "./node.js";
import type { Timer } from "./timeline.js";
import type { World } from "./world.js";

const ATTACKER = "attacker";
const FOREIGN_VIP = "10.0.0.77";

type Undo = () => void;
const nothing: Undo = () => undefined;

/** Faults that can keep an announcement from a client, or leave a VIP behind without a word. */
const deafening: ReadonlySet<Fault["fault"]["kind"]> = new Set([
  "restLies",
  "agentKill",
  "agentFreeze",
  "agentStall",
  "agentStop",
  "machineCrash",
  "machineSuspend",
  "linkDown",
  "addressDeleted",
  "addressAdded",
  "addressRefused",
  "addressKept",
  "cut",
  "lanTrouble",
] as const);

export class Injector {
  readonly #world: World;
  readonly #active = new Map<ScheduledFault, Undo>();
  /** The last instant at which a fault was under way that can keep announcements from clients. */
  #deafenedAtMs = -Infinity;

  constructor(world: World) {
    this.#world = world;
  }

  get quiet(): boolean {
    return this.#active.size === 0;
  }

  get deafenedAtMs(): number {
    const now = [...this.#active.keys()].some(({ fault }) => deafening.has(fault.kind));
    return now ? this.#world.timeline.nowMs : this.#deafenedAtMs;
  }

  schedule(faults: readonly ScheduledFault[]): void {
    for (const fault of faults) this.#world.timeline.at(fault.atMs, () => this.#begin(fault));
  }

  /** Ends every fault and starts whatever does not run. */
  healAll(): void {
    const { nodes, lan, dcs } = this.#world;
    for (const fault of [...this.#active.keys()]) this.#end(fault);
    this.#world.trace("world", "everything is healed");
    lan.heal();
    dcs.setDown(false);
    for (const node of nodes) {
      if (!node.machine.powered) {
        node.powerOn();
        continue;
      }
      node.resume();
      node.patroni.process.thaw();
      node.agent.thaw();
      node.startAll();
    }
    this.#world.checks.disturbed();
  }

  #begin(scheduled: ScheduledFault): void {
    const { timeline, checks } = this.#world;
    this.#world.trace("fault", `begins: ${describeFault(scheduled)}`);
    this.#active.set(scheduled, nothing);
    const undo = scheduled.scope === "node" ? this.#harm(scheduled) : this.#disturb(scheduled.fault);
    this.#active.set(scheduled, undo);
    checks.disturbed();
    timeline.after(scheduled.forMs, () => this.#end(scheduled));
  }

  #end(scheduled: ScheduledFault): void {
    const undo = this.#active.get(scheduled);
    if (undo === undefined) return;
    this.#world.trace("fault", `ends: ${scheduled.fault.kind}`);
    if (deafening.has(scheduled.fault.kind)) this.#deafenedAtMs = this.#world.timeline.nowMs;
    this.#active.delete(scheduled);
    undo();
    this.#world.checks.disturbed();
  }

  // ── one node ────────────────────────────────────────────────────────────────────────────────────────────────────────

  #harm({ target, fault, atMs }: ScheduledFault & { readonly scope: "node" }): Undo {
    const node = this.#find(target, atMs);
    this.#world.trace("fault", `hits ${node.name}`);
    this.#world.checks.interfered(node);
    return this.#hit(node, fault);
  }

  #find(target: Target, atMs: number): Node {
    const { nodes, dcs, random } = this.#world;
    const leader = nodes.find(({ name }) => name === dcs.owner) ?? nodes[0]!;
    const holder = nodes.find(({ kernel }) => kernel.hasVip) ?? leader;
    if (target === "leader") return leader;
    if (target === "holder") return holder;
    const others = nodes.filter((node) => node !== leader && node !== holder);
    if (target === "other") return others.length === 0 ? leader : random.fork(`other/${String(atMs)}`).pick(others);
    return nodes[target % nodes.length]!;
  }

  #hit(node: Node, fault: NodeFault): Undo {
    const { agent, patroni, postgres, machine } = node;
    switch (fault.kind) {
      case "patroniStop":
        if (patroni.process.running) patroni.stop();
        return () =>
          whenEnded(
            node,
            () => patroni.process.alive,
            () => patroni.start(),
          );
      case "patroniKill":
        patroni.kill();
        return () => patroni.start();
      case "patroniFreeze":
        patroni.process.freeze();
        return () => patroni.process.thaw();
      case "switchover":
        patroni.switchOver();
        return nothing;
      case "restSlow":
        patroni.restDelayMs = fault.delayMs;
        return () => (patroni.restDelayMs = 0);
      case "restHangs":
        patroni.rest = "hangs";
        return () => (patroni.rest = "none");
      case "restGarbage":
        patroni.rest = "garbage";
        return () => (patroni.rest = "none");
      case "restLies":
        patroni.rest = "lies";
        return () => (patroni.rest = "none");
      case "postgresCrash":
        if (machine.awake) postgres.crash();
        return nothing;
      case "agentKill":
        agent.kill();
        return () => agent.start();
      case "agentFreeze":
        agent.freeze();
        return () => agent.thaw();
      case "agentStall":
        agent.loop.freeze();
        return () => {
          if (!agent.thread.process.frozen) agent.loop.thaw();
        };
      case "agentStop":
        agent.stop(fault.policy);
        return () =>
          whenEnded(
            node,
            () => agent.loop.alive,
            () => agent.start(),
          );
      case "agentNotify":
        agent.notify();
        return nothing;
      case "machineCrash":
        node.crash();
        return () => node.powerOn();
      case "machineSuspend":
        machine.suspend();
        return () => node.resume();
      case "linkDown":
        node.setLink(false);
        return () => node.setLink(true);
      case "wallStep":
        machine.stepWall(fault.byMs);
        return nothing;
      case "addressDeleted":
        return this.#repeat(fault.everyMs, () => node.kernel.remove("deletedBySomebody"));
      case "addressAdded":
        node.addVip();
        return nothing;
      case "addressKept":
        node.refusesAddresses = true;
        node.addVip();
        return () => (node.refusesAddresses = false);
      case "addressRefused":
        node.refusesAddresses = true;
        return () => (node.refusesAddresses = false);
      case "cut": {
        const cut = { planes: fault.planes, direction: fault.direction, side: [node.name] };
        this.#world.lan.cut(cut);
        return () => this.#world.lan.mend(cut);
      }
      default:
        return unreachable(fault);
    }
  }

  // ── the world around them ───────────────────────────────────────────────────────────────────────────────────────────

  #disturb(fault: WorldFault): Undo {
    const { dcs, lan, neighbours } = this.#world;
    switch (fault.kind) {
      case "dcsDown":
        dcs.setDown(true);
        return () => dcs.setDown(false);
      case "dcsSlow":
        dcs.setSlow(fault.delayMs);
        return () => dcs.setSlow(0);
      case "pause":
        this.#world.paused = true;
        return () => (this.#world.paused = false);
      case "lanTrouble":
        lan.disturb(fault);
        return () => lan.calm(fault);
      case "neighboursForget":
        for (const neighbour of neighbours) neighbour.forget();
        return nothing;
      case "forgedAdverts": {
        const vip = fault.vip === "ours" ? VIP : FOREIGN_VIP;
        return this.#repeat(fault.everyMs, () => this.#world.advert(ATTACKER, fault.source, fault.priority, vip));
      }
      case "forgedAnnouncements":
        return this.#repeat(fault.everyMs, () => this.#world.announcement(ATTACKER));
      default:
        return unreachable(fault);
    }
  }

  #repeat(everyMs: number, run: () => void): Undo {
    const { timeline } = this.#world;
    let timer: Timer;
    const again = (): void => {
      run();
      timer = timeline.after(everyMs, again);
    };
    again();
    return () => timer.cancel();
  }
}

/** Starts a process again that may still be stopping. */
function whenEnded(node: Node, lives: () => boolean, start: () => void): void {
  if (lives()) node.machine.after(100, () => whenEnded(node, lives, start));
  else start();
}
