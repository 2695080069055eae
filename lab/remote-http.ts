/** Asks HTTP questions from inside a host of the lab, through the program http-courier.ts. */
import * as v from "valibot";
import type { Host } from "./host.js";
import { parseLine } from "./json-lines.js";
import { labProgram, type LabProcess } from "./process.js";

export const httpRequest = v.object({
  id: v.number(),
  method: v.string(),
  url: v.string(),
  body: v.string(),
  timeoutMs: v.number(),
});
export type HttpRequest = v.InferOutput<typeof httpRequest>;

const httpReply = v.variant("kind", [
  v.object({ id: v.number(), kind: v.literal("answered"), status: v.number(), body: v.string() }),
  v.object({ id: v.number(), kind: v.literal("failed"), reason: v.string() }),
]);
export type HttpReply = v.InferOutput<typeof httpReply>;

export class RemoteHttp {
  readonly #courier: LabProcess;
  readonly #waiting = new Map<number, (reply: HttpReply) => void>();
  #lastId = 0;

  constructor(host: Host) {
    const [command, args] = labProgram("http-courier.ts");
    this.#courier = host.spawnPiped(command, args, { log: "http-courier" });
    this.#courier.onLine((line) => {
      const reply = parseLine(httpReply, line);
      this.#waiting.get(reply.id)?.(reply);
      this.#waiting.delete(reply.id);
    });
    void this.#courier.exited.then(() => {
      for (const [id, resolve] of this.#waiting) resolve({ id, kind: "failed", reason: "the courier is gone" });
      this.#waiting.clear();
    });
  }

  ask(method: string, url: string, { body = "", timeoutMs = 2000 } = {}): Promise<HttpReply> {
    this.#lastId += 1;
    const order: HttpRequest = { id: this.#lastId, method, url, body, timeoutMs };
    return new Promise((resolve) => {
      if (!this.#courier.running) {
        resolve({ id: order.id, kind: "failed", reason: "the courier is gone" });
        return;
      }
      this.#waiting.set(order.id, resolve);
      this.#courier.writeLine(JSON.stringify(order));
    });
  }

  async close(): Promise<void> {
    await this.#courier.kill();
  }
}
