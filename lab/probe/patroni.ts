/** Asks each Patroni `GET /primary`, from the same clock as everything else, and writes down what changes. */
import { request } from "node:http";
import * as v from "valibot";
import { nowMs, sleep } from "../wait.js";
import type { Attention, PatroniRecord, ProbeRecord } from "./records.js";

const timeoutMs = 300;

type Answer = Pick<PatroniRecord, "status" | "role" | "state">;

const silent: Answer = { status: null, role: "", state: "" };
const body = v.object({ role: v.optional(v.string(), ""), state: v.optional(v.string(), "") });

/** Only under close attention: what agents cost Patroni is measured without it. */
export async function probePatroni(
  node: { readonly name: string; readonly address: string },
  everyMs: number,
  attention: () => Attention,
  record: (record: ProbeRecord) => void,
): Promise<never> {
  let last = "";
  for (;;) {
    if (attention() === "calm") {
      // The next span begins with what is known then, changed or not.
      last = "";
      await sleep(everyMs);
      continue;
    }
    const askedMs = nowMs();
    const answer = await ask(node.address);
    const answeredMs = nowMs();
    if (JSON.stringify(answer) !== last) record({ kind: "patroni", node: node.name, askedMs, answeredMs, ...answer });
    last = JSON.stringify(answer);
    await sleep(Math.max(1, askedMs + everyMs - nowMs()));
  }
}

function ask(address: string): Promise<Answer> {
  return new Promise((resolve) => {
    const options = {
      host: address,
      port: 8008,
      path: "/primary",
      agent: false,
      signal: AbortSignal.timeout(timeoutMs),
    };
    const outgoing = request(options, (incoming) => {
      let received = "";
      incoming.setEncoding("utf8");
      incoming.on("data", (chunk: string) => (received += chunk));
      incoming.on("error", () => resolve(silent));
      incoming.on("end", () => resolve({ status: incoming.statusCode ?? null, ...roleAndState(received) }));
    });
    outgoing.on("error", () => resolve(silent));
    outgoing.end();
  });
}

function roleAndState(text: string): { role: string; state: string } {
  try {
    return v.parse(body, JSON.parse(text));
  } catch {
    // Cut off in the middle: the status line counts.
    return { role: "", state: "" };
  }
}
