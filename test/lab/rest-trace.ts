/** Polls a node's `/primary` and keeps the distinct answers in their order, as an agent would see them. */
import type { TestContext } from "node:test";
import type { Cluster } from "../../lab/cluster.js";
import { sleep } from "../../lab/wait.js";

export class RestTrace {
  /** "200 master running", "503 replica running", "silent", each only when it differs from the one before. */
  readonly answers: string[] = [];
  readonly #done: Promise<void>;
  #stopped = false;

  /** Ends with the test at the latest. */
  constructor(context: TestContext, cluster: Cluster, node: string) {
    this.#done = this.#poll(cluster, node);
    context.after(() => this.stop());
  }

  async stop(): Promise<readonly string[]> {
    this.#stopped = true;
    await this.#done;
    return this.answers;
  }

  async #poll(cluster: Cluster, node: string): Promise<void> {
    while (!this.#stopped) {
      await this.#look(cluster, node);
      await sleep(5);
    }
    // What is true at the end belongs to the trace, too.
    await this.#look(cluster, node);
  }

  async #look(cluster: Cluster, node: string): Promise<void> {
    const status = await cluster.status(node);
    const answer =
      status.kind === "silent" ? "silent" : `${status.leader ? "200" : "503"} ${status.role} ${status.state}`;
    if (this.answers.at(-1) !== answer) this.answers.push(answer);
  }
}
