/** The README's picture shows the typical round of three systems; without all three there is none. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { withPicture } from "../../bench/publish.js";
import { caption, picture } from "../../bench/report/picture.js";
import type { Lane, Results } from "../../bench/results.js";
import { goodResults, measured } from "./results.js";

const lane = (name: string, spans: Lane["spans"]): Lane => ({ name, spans, marks: [] });

/** Writes are possible again after 2 s; the VIP is there at `vipMs`, and is measured for another second. */
function lanes(vipMs: number): Lane[] {
  const endMs = vipMs + 1000;
  return [
    lane("PostgreSQL a", [
      { fromMs: 0, toMs: 1000, state: "written" },
      { fromMs: 1000, toMs: endMs, state: "refused" },
    ]),
    lane("PostgreSQL b", [
      { fromMs: 0, toMs: 2000, state: "readOnly" },
      { fromMs: 2000, toMs: endMs, state: "written" },
    ]),
    lane("client: echo", [
      { fromMs: 0, toMs: 2000, state: "from a" },
      { fromMs: 2000, toMs: vipMs, state: "lost" },
      { fromMs: vipMs, toMs: endMs, state: "from b" },
    ]),
    lane("client: write", [
      { fromMs: 0, toMs: 1000, state: "written" },
      { fromMs: 1000, toMs: vipMs + 50, state: "refused" },
      { fromMs: vipMs + 50, toMs: endMs, state: "written" },
    ]),
  ];
}

function withAdded(added: Readonly<Record<string, readonly number[]>>): Results {
  const rounds = Object.entries(added).flatMap(([system, values]) =>
    values.map((value, index) => ({
      ...measured(system, "stop-patroni", index + 1, { added: value, silence: 7 * value }),
      lanes: lanes(2000 + value),
    })),
  );
  return { ...goodResults(), rounds };
}

const all = { pgvip: [2, 3, 40], "keepalived-best": [30], "keepalived-article": [3000] };

describe("the picture", () => {
  test("tells the median round of each system", () => {
    const drawn = picture(withAdded(all)) ?? assert.fail();
    assert.match(drawn, />pgvip<[^]*>added 3\.0 ms, silent 21 ms</);
    assert.match(drawn, />keepalived-article<[^]*>added 3\.0 s, silent 21\.0 s</);
    assert.doesNotMatch(drawn, /NaN|Infinity|undefined/);
    assert.match(drawn, /prefers-color-scheme: dark/);
  });

  test("draws old and new node, who is missing, and where the VIP alone fails", () => {
    const drawn = picture(withAdded(all)) ?? assert.fail();
    const count = (look: string): number => [...drawn.matchAll(new RegExp(`<rect [^>]*class="${look}"`, "g"))].length;
    // In each of three strips of three systems, and in the legend. Two of the systems have their calm end before the third.
    assert.deepEqual([count("old"), count("new"), count("new calm")], [10, 10, 6]);
    // No primary: below two strips. A failing VIP: below and in the echoes, and below writes wherever a primary takes some.
    assert.deepEqual([count("nobody"), count("fails")], [3 * 2 + 1, 3 * 4 + 1]);
  });

  test("draws the added outage as measured, without the new connection's log-in", () => {
    const drawn = picture(withAdded(all)) ?? assert.fail();
    const x = (drawn.split("client writes")[3] ?? "").matchAll(/x="([\d.]+)"[^>]*class="new"/g);
    // The axis ends a tenth after the last change, at 5050 ms; the article's VIP is there at 5000 ms, its log-in done later.
    assert.deepEqual(
      [...x].slice(0, 1).map(([, found]) => Number(found)),
      [100 + Math.round((34800 * 5000) / (5050 * 1.1)) / 100],
    );
  });

  test("is not there without all three systems", () => {
    assert.equal(picture(withAdded({ ...all, "keepalived-best": [] })), null);
  });

  test("goes into the README between its markers, and nowhere else", () => {
    const frame = (inner: string): string =>
      `# top\n<!-- picture: written by npm run bench -- --publish -->${inner}<!-- end of picture -->\nrest\n`;
    const told = caption(withAdded(all));
    assert.match(
      told,
      /medians of 3 rounds: pgvip 3\.0 ms and 21 ms; keepalived-best 30 ms and 210 ms; keepalived-article 3\.0 s and 21\.0 s\.$/,
    );
    const once = withPicture(frame("\n"), told);
    assert.equal(once, frame(`\n\n![A fail-over with each of them](docs/timeline.svg)\n\n${told}\n\n`));
    assert.equal(withPicture(once, told), once);
  });
});
