/** The time on another host, as its Patroni tells it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Member } from "../../src/core/observation.js";
import { askClocks } from "../../src/diagnose/peer-clocks.js";
import { closedPort, patroniConfig, rawServer } from "../shell/servers.js";

function member(apiUrl: string | null): Member {
  return { name: "pg2", role: "replica", state: "running", host: null, port: 5432, apiUrl, timeline: 1, lagBytes: 0 };
}

async function told(apiUrl: string | null) {
  const [evidence] = await askClocks([member(apiUrl)], patroniConfig(1));
  assert.ok(evidence !== undefined);
  return evidence.outcome;
}

test("comes from the header of any answer, and is framed by the moments of this host", async (t) => {
  const date = "Tue, 14 Nov 2023 22:13:20 GMT";
  const port = await rawServer(t, (socket) => socket.end(`HTTP/1.0 503 x\r\nDate: ${date}\r\n\r\n`));
  const before = Date.now();
  const outcome = await told(`http://127.0.0.1:${String(port)}/patroni`);
  assert.ok(outcome.kind === "told");
  assert.equal(outcome.dateMs, 1_700_000_000_000);
  assert.ok(
    before <= outcome.sentAtMs && outcome.sentAtMs <= outcome.receivedAtMs && outcome.receivedAtMs <= Date.now(),
  );
});

test("is not known where nobody answers, or nobody says", async (t) => {
  const mute = await rawServer(t, (socket) => socket.end("HTTP/1.0 200 OK\r\n\r\n"));
  const urls = [
    `http://127.0.0.1:${String(await closedPort())}/`,
    `http://127.0.0.1:${String(mute)}/`,
    "ftp://x/",
    null,
  ];
  for (const url of urls) assert.equal((await told(url)).kind, "silent", String(url));
});
