/**
 * A machine: its clocks, its power, and the processes on it.
 *
 * The monotonic clock runs at a rate of its own and stands still while the machine is suspended; the wall clock goes on
 * and can be stepped. What waits on the monotonic clock is never late because of drift, but waits through a suspend, and
 * is forgotten when the machine crashes.
 */
import type { Random } from "./random.js";
import type { Timeline, Timer } from "./timeline.js";

/** Where the wall clock of the simulated world starts: whole seconds matter, the date does not. */
const WALL_EPOCH_MS = 1_700_000_000_000;
const ROUNDING_MS = 1e-6;

export class Machine {
  readonly name: string;
  readonly timeline: Timeline;
  readonly #rate: number;
  #anchorTrueMs = 0;
  #anchorOwnMs = 0;
  #boot = 1;
  #powered = true;
  #suspendedAtMs: number | null = null;
  #wallStepMs = 0;
  #waiting: Wait[] = [];
  /** True instants of the last step of the wall clock, and of the last one backwards. */
  wallSteppedAtMs = -Infinity;
  wallSetBackAtMs = -Infinity;
  /** The last suspend: how long, and when it ended on this machine's clock. */
  lastSleep = { forMs: 0, endedAtMs: -Infinity };

  constructor(name: string, timeline: Timeline, rate: number) {
    this.name = name;
    this.timeline = timeline;
    this.#rate = rate;
  }

  /** Powered and not suspended: its kernel answers. */
  get awake(): boolean {
    return this.#powered && this.#suspendedAtMs === null;
  }

  get powered(): boolean {
    return this.#powered;
  }

  /** CLOCK_MONOTONIC. */
  nowMs(): number {
    if (this.#suspendedAtMs !== null) return this.#anchorOwnMs;
    return this.#anchorOwnMs + (this.timeline.nowMs - this.#anchorTrueMs) * this.#rate;
  }

  /** CLOCK_REALTIME. */
  wallMs(): number {
    return WALL_EPOCH_MS + this.timeline.nowMs + this.#wallStepMs;
  }

  stepWall(byMs: number): void {
    this.#wallStepMs += byMs;
    this.wallSteppedAtMs = this.timeline.nowMs;
    if (byMs < 0) this.wallSetBackAtMs = this.timeline.nowMs;
  }

  /** Runs when the monotonic clock shows `ownMs`. */
  at(ownMs: number, run: () => void): Timer {
    const wait = { ownMs, boot: this.#boot, run };
    this.#wait(wait);
    return new MachineTimer(wait);
  }

  #wait(wait: Wait): void {
    this.timeline.after((wait.ownMs - this.nowMs()) / this.#rate, () => this.#wake(wait));
  }

  #wake(wait: Wait): void {
    if (wait.run === null || wait.boot !== this.#boot) return;
    if (!this.awake) this.#waiting.push(wait);
    else if (this.nowMs() < wait.ownMs - ROUNDING_MS) this.#wait(wait);
    else wait.run();
  }

  after(ms: number, run: () => void): Timer {
    return this.at(this.nowMs() + ms, run);
  }

  suspend(): void {
    if (!this.awake) return;
    this.#anchorOwnMs = this.nowMs();
    this.#suspendedAtMs = this.timeline.nowMs;
  }

  /** Returns for how long it slept. */
  resume(): number {
    if (this.#suspendedAtMs === null) return 0;
    const forMs = this.timeline.nowMs - this.#suspendedAtMs;
    this.#suspendedAtMs = null;
    this.#anchorTrueMs = this.timeline.nowMs;
    this.lastSleep = { forMs, endedAtMs: this.#anchorOwnMs };
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const wait of waiting) this.#wake(wait);
    return forMs;
  }

  crash(): void {
    this.#anchorOwnMs = this.nowMs();
    this.#anchorTrueMs = this.timeline.nowMs;
    this.#suspendedAtMs = null;
    this.#powered = false;
    this.#boot += 1;
    this.#waiting = [];
  }

  powerOn(): void {
    this.#powered = true;
  }
}

interface Wait {
  readonly ownMs: number;
  readonly boot: number;
  run: (() => void) | null;
}

class MachineTimer implements Timer {
  readonly #wait: Wait;

  constructor(wait: Wait) {
    this.#wait = wait;
  }

  cancel(): void {
    this.#wait.run = null;
  }
}

interface Waiting {
  readonly run: () => void;
  readonly isTimer: boolean;
}

/** A process, or one thread of it: what it should do while it is frozen (SIGSTOP, a stalled event loop) it does later. */
export class Process {
  readonly #machine: Machine;
  readonly #random: Random;
  #life = 0;
  #alive = false;
  #frozen = false;
  #backlog: Waiting[] = [];

  constructor(machine: Machine, random: Random) {
    this.#machine = machine;
    this.#random = random;
  }

  get alive(): boolean {
    return this.#alive;
  }

  get frozen(): boolean {
    return this.#frozen;
  }

  /** Alive, not frozen, on a machine that is awake. */
  get running(): boolean {
    return this.#alive && !this.#frozen && this.#machine.awake;
  }

  start(): void {
    this.#life += 1;
    this.#alive = true;
    this.#frozen = false;
    this.#backlog = [];
  }

  kill(): void {
    this.#life += 1;
    this.#alive = false;
    this.#frozen = false;
    this.#backlog = [];
  }

  freeze(): void {
    if (this.#alive) this.#frozen = true;
  }

  /** Goes on: what waited happens in the order of arrival, or timers first, as an event loop does. */
  thaw(): void {
    if (!this.#frozen) return;
    this.#frozen = false;
    const life = this.#life;
    const backlog = this.#backlog;
    this.#backlog = [];
    const ordered = this.#random.chance(0.5) ? backlog : [...backlog].sort((a, b) => +b.isTimer - +a.isTimer);
    for (const { run } of ordered) {
      if (life === this.#life) run();
    }
  }

  /** Something arrives at the process: now if it runs, when it thaws, or never. */
  post(run: () => void, isTimer = false): void {
    if (!this.#alive || !this.#machine.powered) return;
    if (!this.#machine.awake) this.#machine.after(0, this.awaits(run, isTimer));
    else if (this.#frozen) this.#backlog.push({ run, isTimer });
    else run();
  }

  /** An answer that the process waits for: it comes to this life of the process or to none. */
  awaits(run: () => void, isTimer = false): () => void {
    const life = this.#life;
    return () => {
      if (life === this.#life) this.post(run, isTimer);
    };
  }

  /** A timer of the process on the machine's monotonic clock. */
  at(ownMs: number, run: () => void): Timer {
    const timer = new ProcessTimer(run);
    timer.behind = this.#machine.at(
      ownMs,
      this.awaits(() => timer.fire(), true),
    );
    return timer;
  }

  after(ms: number, run: () => void): Timer {
    return this.at(this.#machine.nowMs() + ms, run);
  }
}

/** Can be cancelled also when it has fired already but its process has not come to it. */
class ProcessTimer implements Timer {
  behind: Timer | null = null;
  #run: (() => void) | null;

  constructor(run: () => void) {
    this.#run = run;
  }

  fire(): void {
    this.#run?.();
  }

  cancel(): void {
    this.#run = null;
    this.behind?.cancel();
  }
}
