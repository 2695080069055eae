/** What several faults are bounded by. */
import type { Bound } from "../fault.js";

/** Clients notice nothing, and nobody takes the VIP. */
export const untouched: readonly Bound[] = [
  { measure: "lost", atMost: 0 },
  { measure: "cut", atMost: 0 },
  { measure: "takes", atMost: 0 },
];
