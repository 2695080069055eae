/** All systems that the benchmark knows. */
import { keepalivedArticle } from "./systems/keepalived-article.js";
import { keepalivedBest } from "./systems/keepalived-best.js";
import { keepalivedTuned } from "./systems/keepalived-tuned.js";
import { none } from "./systems/none.js";
import { pgvip, pgvipControl, pgvipFastAdverts, pgvipLock, pgvipPush } from "./systems/pgvip.js";
import type { System } from "./systems/system.js";
import { vipManagers } from "./systems/vip-manager.js";

/** `vipManager`: path of that program, if it is to take part. */
export function allSystems(vipManager: string | null): readonly System[] {
  const builtIn = [none, pgvip, pgvipControl, pgvipLock, pgvipPush, keepalivedBest, keepalivedTuned, keepalivedArticle];
  return vipManager === null ? builtIn : [...builtIn, ...vipManagers(vipManager)];
}

/** Whose adverts are compared: systems with the same cadence of 10 ms. */
export const fastAdvertisers: readonly System[] = [pgvipFastAdverts, keepalivedBest];
