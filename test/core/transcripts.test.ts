/**
 * Every scenario in test/transcripts is played and its full trace compared. After a wanted change of behaviour,
 * `UPDATE_TRANSCRIPTS=1 npm test -- core` rewrites the traces, and a person reviews the diff.
 */
import assert from "node:assert/strict";
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { describe, it } from "node:test";
import { arrows } from "../sim/coverage.js";
import { Scenario } from "./transcript.js";

const folder = new URL("../transcripts/", import.meta.url);

describe("transcripts", () => {
  const names = readdirSync(folder).filter((name) => name.endsWith(".txt"));
  assert.ok(names.length > 0, "there are transcripts");
  for (const name of names) {
    it(name.replace(/\.txt$/, "").replaceAll("-", " "), () => {
      const file = new URL(name, folder);
      const written = readFileSync(file, "utf8");
      const played = play(written);
      if (process.env["UPDATE_TRANSCRIPTS"] === "1") writeFileSync(file, played);
      else assert.equal(played, written);
    });
  }

  it("take every arrow of the state machine", () => {
    const texts = names.map((name) => readFileSync(new URL(name, folder), "utf8"));
    const missing = arrows.filter((arrow) => !texts.some((text) => text.includes(` ${arrow} `)));
    assert.deepEqual(missing, []);
  });
});

/** Keeps comments and inputs, and puts the trace of each input below it. */
function play(text: string): string {
  const scenario = new Scenario();
  const lines: string[] = [];
  for (const line of text.split("\n")) {
    if (line.startsWith("> ")) lines.push(line, ...scenario.play(line.slice(2)));
    else if (line.startsWith("#") || line === "") lines.push(line);
  }
  return lines.join("\n");
}
