/** What the JavaScript engine spends on the agent: memory counts, throughput hardly ever. */
import { setFlagsFromString } from "node:v8";

/** More groups than this are work enough for the optimizing compiler to pay; fewer hardly wake the agent. */
const FEW_GROUPS = 16;

/**
 * To be called before anything else is loaded, since loading would warm up what is not wanted. Both flags take effect in
 * a running process, which `--max-semi-space-size` does not, and need no words before the program's name.
 */
export function spendLittle(): void {
  // The young generation stays at its first size (1 MB halves): little garbage is made, and pauses should be short.
  setFlagsFromString("--semi-space-growth-factor=1");
  // The optimizing compiler's own code is 3.5 MB of resident pages, for functions that run a few times a second.
  setFlagsFromString("--no-opt");
}

/** The optimizing compiler is back for an agent that has much to do. */
export function spendAsNeeded(groups: number): void {
  if (groups > FEW_GROUPS) setFlagsFromString("--opt");
}
