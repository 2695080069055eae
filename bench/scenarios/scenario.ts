/** What happens to the cluster. A new scenario is one file in this folder and a line in ../scenarios.ts. */
import type { Stage } from "../../lab/stage.js";

export interface Plot {
  readonly stage: Stage;
  /** Who leads when it begins, and a node that does not. */
  readonly leader: string;
  readonly other: string;
}

export interface Scenario {
  readonly name: string;
  readonly about: string;
  /** Which node has to lead beforehand; `any`: whoever does. */
  readonly leads: "first" | "second" | "any";
  /** Whether another node leads afterwards. */
  readonly moves: boolean;
  readonly act: (plot: Plot) => Promise<void>;
  /** Resolves when the clients of the VIP are served again. */
  readonly settled: (plot: Plot) => Promise<unknown>;
  /** Repairs what is broken on purpose; the measurement is over. */
  readonly mend: (plot: Plot) => Promise<void>;
}

export function moved({ stage, leader }: Plot): Promise<unknown> {
  return stage.moved(leader);
}

export function nothingToMend(): Promise<void> {
  return Promise.resolve();
}
