/** The virtual router ID of a group that was given none: every node derives the same one from what all of them know. */
import { type Vrid, vrid } from "../wire/units.js";

const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

/** FNV-1a (32 bits) of the cluster's scope and the group's first VIP, folded into 1 to 255. */
export function deriveRouterId(scope: string, vip: string): Vrid {
  let hash = FNV_OFFSET;
  for (const char of `${scope}|${vip}`) {
    hash = Math.imul(hash ^ (char.codePointAt(0) ?? 0), FNV_PRIME) >>> 0;
  }
  return vrid((hash % 255) + 1);
}
