/** What only a real Patroni can show of itself: how it calls a callback, and in which answers it tells its time. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import * as v from "valibot";
import { PgvipAgents } from "../../lab/agents.js";
import type { Host } from "../../lab/host.js";
import { Scene } from "../../lab/scene.js";
import { vipCidr } from "../../lab/topology.js";
import { until } from "../../lab/wait.js";

const script = fileURLToPath(new URL("../../packaging/patroni-callback.sh", import.meta.url));
const POLL_MS = 10_000;

const doctorAnswer = v.object({ findings: v.array(v.looseObject({ kind: v.string(), check: v.string() })) });
const logLine = v.looseObject({ time: v.string(), event: v.optional(v.string()), to: v.optional(v.string()) });

describe("with a real Patroni", () => {
  // So seldom that the agent would hardly have noticed by itself; and no other agent warns it.
  const slow = ["--poll-interval", "10s", "--turbo-interval", "10s", "--lease", "15s", "--kernel-lease", "20s"];
  const agents = new PgvipAgents({ vips: [vipCidr], extra: [...slow, "--log-level", "debug"] });
  let scene: Scene;

  before(async () => {
    scene = await Scene.open({ backend: "postgres", postgres: { callback: recorder } });
  });

  after(async () => {
    await scene.close();
  });

  /** Whole lines; none of a file that is not there yet. */
  const linesOf = (file: string): string[] =>
    readFileSync(file, { encoding: "utf8", flag: "a+" }).split("\n").slice(0, -1);
  const calls = ({ directory }: Host): string[] => linesOf(`${directory}/calls`);

  function logged(node: Host, wanted: (line: v.InferOutput<typeof logLine>) => boolean): number | null {
    const found = linesOf(agents.logFile(node))
      .map((line) => v.parse(logLine, JSON.parse(line)))
      .find(wanted);
    return found === undefined ? null : Date.parse(found.time);
  }

  it("the packaged callback is called with what happened, and has the agent ask now", async () => {
    const leader = await scene.cluster.leader();
    const node = scene.cluster.node(scene.otherThan(leader));
    await agents.start(node);
    await until("it stands by", () => logged(node, ({ to }) => to === "standby"));
    const before = calls(node).length;
    await scene.cluster.switchover(leader, node.name);
    await scene.watch.holder(node.name);
    assert.match(calls(node).slice(before).join("\n"), /^on_role_change (master|primary) demo$/m);
    const hintedAtMs = logged(node, ({ event }) => event === "hint");
    const heldAtMs = logged(node, ({ to }) => to === "holder");
    assert.ok(hintedAtMs !== null && heldAtMs !== null);
    assert.ok(heldAtMs - hintedAtMs < POLL_MS / 2, `${String(heldAtMs - hintedAtMs)} ms after the hint`);
  });

  it("doctor hears the time of the other member's host", async () => {
    const node = scene.cluster.node(await scene.cluster.waitHealthy());
    const words = ["doctor", "--json", "--vip", vipCidr, "--listen", "200ms"];
    const { stdout, stderr } = await agents.command(node, words);
    const { findings } = v.parse(doctorAnswer, JSON.parse(stdout), { message: stderr });
    const clocks = findings.filter(({ check }) => check === "peer-clocks");
    assert.deepEqual(
      clocks.map(({ kind }) => kind),
      ["passed"],
      JSON.stringify(clocks),
    );
  });
});

/** Writes down how it was called, and goes on as the packaged script. */
function recorder({ directory }: { readonly directory: string }): string {
  const file = `${directory}/callback.sh`;
  const text = `#!/bin/sh
echo "$@" >>${directory}/calls
PGVIP_NOTIFY_FIFO=${directory}/notify exec ${script} "$@"
`;
  writeFileSync(file, text, { mode: 0o755 });
  return file;
}
