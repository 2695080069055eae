/** True time of the simulated world: a queue of what happens next. Equal instants keep the order they were asked for. */

export interface Timer {
  cancel(): void;
}

class Entry implements Timer {
  readonly atMs: number;
  readonly sequence: number;
  run: (() => void) | null;

  constructor(atMs: number, sequence: number, run: () => void) {
    this.atMs = atMs;
    this.sequence = sequence;
    this.run = run;
  }

  cancel(): void {
    this.run = null;
  }
}

/** So much at one instant is a loop that would never end. */
const MANY_AT_ONCE = 100_000;

export class Timeline {
  #nowMs = 0;
  #atOnce = 0;
  #sequence = 0;
  readonly #heap: Entry[] = [];

  get nowMs(): number {
    return this.#nowMs;
  }

  at(atMs: number, run: () => void): Timer {
    this.#sequence += 1;
    const entry = new Entry(Math.max(atMs, this.#nowMs), this.#sequence, run);
    this.#push(entry);
    return entry;
  }

  after(ms: number, run: () => void): Timer {
    return this.at(this.#nowMs + ms, run);
  }

  /** Lets the next thing happen; throws when time stands still. False when nothing is left to happen. */
  step(): boolean {
    for (let entry = this.#pop(); entry !== undefined; entry = this.#pop()) {
      if (entry.run === null) continue;
      this.#atOnce = entry.atMs === this.#nowMs ? this.#atOnce + 1 : 0;
      if (this.#atOnce > MANY_AT_ONCE) throw new Error(`time stands still at ${String(this.#nowMs)} ms`);
      this.#nowMs = entry.atMs;
      entry.run();
      return true;
    }
    return false;
  }

  #push(entry: Entry): void {
    const heap = this.#heap;
    let index = heap.push(entry) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!earlier(entry, heap[parent]!)) break;
      heap[index] = heap[parent]!;
      index = parent;
    }
    heap[index] = entry;
  }

  #pop(): Entry | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) return first;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && earlier(heap[child + 1]!, heap[child]!)) child += 1;
      if (!earlier(heap[child]!, last)) break;
      heap[index] = heap[child]!;
      index = child;
    }
    heap[index] = last;
    return first;
  }
}

function earlier(a: Entry, b: Entry): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.sequence < b.sequence);
}
