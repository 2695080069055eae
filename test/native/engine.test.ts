/** The life of the native thread: opened and closed again and again, it leaves nothing behind. */
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { it } from "node:test";
import { openEngine } from "../../src/addon.js";
import { decodeOrder } from "./json-bytes.js";

it("closes twice, and leaves no descriptor and no thread", () => {
  const open = (): void => {
    const engine = openEngine(() => undefined);
    engine.close();
    engine.close();
  };
  open();
  const before = resources();
  for (let round = 0; round < 200; round += 1) open();
  const after = resources();
  // Fewer is no leak: the process itself closes a file now and then.
  assert.ok(
    after.descriptors <= before.descriptors && after.threads <= before.threads,
    JSON.stringify([before, after]),
  );
});

it("refuses malformed orders by name", () => {
  const engine = openEngine(() => undefined);
  try {
    const malformed: readonly (readonly [string, RegExp])[] = [
      ['{"kind":"dance","order":1}', /no such order: dance/],
      ['{"kind":"renew","order":1}', /holding is not a number/],
      ['{"kind":"takeOver","order":1,"holding":null}', /not an object/],
      ['{"kind":"sendFrames","order":1,"ifIndex":1,"frames":[1]}', /not a Uint8Array/],
    ];
    for (const [text, message] of malformed) {
      assert.throws(() => {
        engine.execute([decodeOrder(text)]);
      }, message);
    }
  } finally {
    engine.close();
  }
});

function resources(): { readonly descriptors: number; readonly threads: number } {
  return { descriptors: readdirSync("/proc/self/fd").length, threads: readdirSync("/proc/self/task").length };
}
