/** One member of the simulated cluster: a machine with PostgreSQL, Patroni, an agent, and the VIP or not. */
import type { Effect, GroupEvent, GroupSettings, GroupState } from "../../src/core/types.js";
import { Agent, type StepFunction } from "./agent.js";
import type { Dcs } from "./dcs.js";
import { type AddressEnd, Kernel } from "./kernel.js";
import type { Lan } from "./lan.js";
import { Machine } from "./machine.js";
import { Patroni, type PatroniPorts, type PatroniSettings } from "./patroni.js";
import { Postgres } from "./postgres.js";
import type { Random } from "./random.js";
import type { Timeline } from "./timeline.js";

/** Clocks of machines run at most this much too fast or too slow. */
const MAX_DRIFT = 500e-6;

export interface NodePorts {
  readonly timeline: Timeline;
  readonly lan: Lan;
  readonly dcs: Dcs;
  readonly settings: GroupSettings;
  readonly patroniSettings: PatroniSettings;
  readonly step: StepFunction;
  readonly isPaused: () => boolean;
  readonly askPeers: PatroniPorts["askPeers"];
  readonly sendAdvert: (from: Node, priority: number) => void;
  readonly announce: (from: Node) => void;
  readonly vipAdded: (node: Node) => void;
  readonly vipGone: (node: Node, how: AddressEnd) => void;
  readonly stepped: (
    node: Node,
    before: GroupState,
    event: GroupEvent,
    after: GroupState,
    effects: readonly Effect[],
  ) => void;
  readonly changed: (node: Node, text: string) => void;
}

export class Node {
  readonly name: string;
  /** Of its interface: the source of its adverts. */
  readonly address: string;
  readonly machine: Machine;
  readonly kernel: Kernel;
  readonly postgres: Postgres;
  readonly patroni: Patroni;
  readonly agent: Agent;
  /** RTM_NEWADDR and RTM_DELADDR fail with EPERM. */
  refusesAddresses = false;
  /** Until this instant of the machine's clock the agent could not know that somebody put the VIP there by hand. */
  blindUntilMs = -Infinity;
  readonly #lan: Lan;

  constructor(index: number, random: Random, ports: NodePorts) {
    const { timeline, lan, dcs } = ports;
    this.name = `n${String(index + 1)}`;
    this.address = `10.0.0.${String(index + 1)}`;
    this.#lan = lan;
    this.machine = new Machine(this.name, timeline, 1 + random.between(-MAX_DRIFT, MAX_DRIFT));
    this.kernel = new Kernel(
      this.machine,
      random.fork("kernel"),
      () => ports.vipAdded(this),
      (how) => {
        ports.vipGone(this, how);
        this.agent.addressGone(how);
      },
    );
    const changed = (text: string): void => ports.changed(this, text);
    this.postgres = new Postgres(this.machine, (text) => changed(`PostgreSQL: ${text}`));
    this.patroni = new Patroni(this.machine, random.fork("patroni"), ports.patroniSettings, {
      dcs,
      postgres: this.postgres,
      askPeers: ports.askPeers,
      isPaused: ports.isPaused,
      trace: changed,
    });
    this.agent = new Agent(this.machine, random.fork("agent"), ports.settings, ports.step, {
      kernel: this.kernel,
      patroni: this.patroni,
      postgres: this.postgres,
      hasLink: () => lan.hasLink(this.name),
      sendAdvert: (priority) => ports.sendAdvert(this, priority),
      announce: () => ports.announce(this),
      refusesAddresses: () => this.refusesAddresses,
      stepped: (...step) => ports.stepped(this, ...step),
    });
  }

  /** The VIP answers here; behind a cable that is out, nobody can ask. */
  get holds(): boolean {
    return this.kernel.hasVip && this.machine.awake && this.#lan.hasLink(this.name);
  }

  get servesWrites(): boolean {
    return this.holds && this.postgres.writable;
  }

  crash(): void {
    this.machine.crash();
    this.patroni.process.kill();
    this.agent.kill();
    this.postgres.vanish();
    this.kernel.vanish();
  }

  powerOn(): void {
    if (this.machine.powered) return;
    this.machine.powerOn();
    this.startAll();
  }

  startAll(): void {
    this.machine.after(300, () => this.agent.start());
    this.machine.after(600, () => this.patroni.start());
  }

  resume(): void {
    const forMs = this.machine.resume();
    if (forMs > 0) this.agent.slept(forMs);
  }

  setLink(up: boolean): void {
    if (this.#lan.hasLink(this.name) === up) return;
    this.#lan.setLink(this.name, up);
    this.agent.linkChanged(up);
  }

  /** `ip addr add` by somebody. */
  addVip(): void {
    if (this.kernel.hasVip || !this.machine.awake) return;
    this.kernel.put(Infinity);
    this.blindUntilMs = this.machine.nowMs();
    this.agent.addressAppeared();
  }
}
