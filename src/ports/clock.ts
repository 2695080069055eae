/** Time for the shell: monotonic milliseconds (CLOCK_MONOTONIC, the clock of NetworkEvent) and one-shot timers. */
export interface Clock {
  nowMs(): number;
  /** Calls back once, not before `atMs`. Returns what cancels it. */
  at(atMs: number, callback: () => void): () => void;
}
