/**
 * Writes as clients do. Through the VIP with a new connection each time, so each write meets whoever has the VIP now; on a
 * node's own address with one session that is kept, which tells when the node itself could first take a write.
 *
 * While writes succeed they keep a slow pace; while they fail they come fast, so that the end of an outage is seen sharply.
 */
import { nowMs, sleep } from "../wait.js";
import type { ProbeRecord, WriteRecord } from "./records.js";
import type { OpenSession, Session, WriteOutcome } from "./session.js";

const retryMs = 5;
/** A write through the VIP that has not ended by then no longer holds up the next one: its SYN may be lost. */
const patienceMs = 50;
const mostPending = 40;
const vipTimeoutMs = 5000;
const nodeTimeoutMs = 1000;

type Record = (record: ProbeRecord) => void;

export async function probeVip(open: OpenSession, vip: string, everyMs: number, record: Record): Promise<never> {
  const pending = new Set<Promise<WriteOutcome>>();
  for (;;) {
    const startedMs = nowMs();
    const session = open(vip, vipTimeoutMs);
    const attempt = writeAndRecord(session, "vip", record).then((written) => {
      session.close();
      return written;
    });
    pending.add(attempt);
    void attempt.finally(() => pending.delete(attempt));
    const result = await Promise.race([attempt, sleep(patienceMs)]);
    if (pending.size >= mostPending) await Promise.race(pending);
    else if (result?.outcome === "written") await sleep(startedMs + everyMs - nowMs());
    else if (result !== undefined) await sleep(retryMs);
  }
}

export async function probeNode(
  open: OpenSession,
  node: { readonly name: string; readonly address: string },
  everyMs: number,
  record: Record,
): Promise<never> {
  const session = open(node.address, nodeTimeoutMs);
  let last: WriteRecord["outcome"] | null = null;
  for (;;) {
    const startedMs = nowMs();
    // A replica refuses hundreds of writes a second: only the first refusal of a kind is worth a record.
    const { outcome } = await writeAndRecord(session, node.name, (written) => {
      if (written.outcome !== last || written.outcome === "written") record(written);
    });
    last = outcome;
    await sleep(outcome === "written" ? startedMs + everyMs - nowMs() : retryMs);
  }
}

async function writeAndRecord(
  session: Session,
  target: string,
  record: (record: WriteRecord) => void,
): Promise<WriteOutcome> {
  const startedMs = nowMs();
  const result = await session.write();
  record({ kind: "write", target, startedMs, endedMs: nowMs(), ...result });
  return result;
}
