/** What the network keeps to itself of other nodes' adverts (src/ports/network.ts, expectAdverts), on virtual time. */

interface Expected {
  readonly says: string;
  readonly silenceMs: number;
  readonly untilMs: number;
  silentAtMs: number;
}

export class ExpectedAdverts {
  readonly #said = new Map<string, string>();
  readonly #expected = new Map<string, Expected>();

  expect(from: string, silenceMs: number, untilMs: number, nowMs: number): void {
    const says = this.#said.get(from);
    if (says !== undefined) this.#expected.set(from, { says, silenceMs, untilMs, silentAtMs: nowMs + silenceMs });
  }

  /** Whether the advert is told. */
  hears(from: string, says: string, nowMs: number): boolean {
    const expected = this.#expected.get(from);
    this.#said.set(from, says);
    if (expected?.says === says && nowMs < expected.untilMs) {
      expected.silentAtMs = nowMs + expected.silenceMs;
      return false;
    }
    this.#expected.delete(from);
    return true;
  }

  /** Every advert is told from now on. */
  heed(): void {
    this.#expected.clear();
  }

  get dueMs(): number {
    return Math.min(Infinity, ...[...this.#expected.values()].map(({ silentAtMs }) => silentAtMs));
  }

  /** Who has been silent for too long; each is told once. */
  ceased(nowMs: number): readonly string[] {
    const silent = [...this.#expected].filter(([, { silentAtMs }]) => silentAtMs <= nowMs).map(([from]) => from);
    for (const from of silent) this.#expected.delete(from);
    return silent;
  }
}
