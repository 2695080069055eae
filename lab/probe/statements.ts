/** A client's open sessions through the VIP: do they go on, are they cut, or does the client wait for an answer in vain? */
import { nowMs, sleep } from "../wait.js";
import type { ProbeRecord } from "./records.js";
import type { OpenSession } from "./session.js";

/** A client that waited this long for its statement gives up. */
const hungMs = 5000;
const reopenMs = 50;

/** Keeps one session in use; opens the next when it is gone. A session that never opened says nothing about cuts. */
export async function probeStatements(
  open: OpenSession,
  address: string,
  number: number,
  everyMs: number,
  record: (record: ProbeRecord) => void,
): Promise<never> {
  for (;;) {
    const session = open(address, hungMs);
    let used = false;
    for (;;) {
      const startedMs = nowMs();
      const { outcome } = await session.write();
      const endedMs = nowMs();
      const answered = outcome === "written" || outcome === "readOnly";
      if (answered || used) {
        const end = answered ? "answered" : endedMs - startedMs >= hungMs ? "hung" : "cut";
        record({ kind: "statement", session: number, startedMs, endedMs, outcome: end });
      }
      if (!answered) break;
      used = true;
      await sleep(everyMs);
    }
    session.close();
    await sleep(reopenMs);
  }
}
