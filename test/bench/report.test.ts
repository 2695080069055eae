/** Tables, the HTML page and the generated part of the documentation say what the results say. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parseOptions } from "../../bench/options.js";
import { joined } from "../../bench/parts.js";
import { resultsMarkdown, withResults } from "../../bench/publish.js";
import { htmlReport } from "../../bench/report/html.js";
import { allTables, asText, failures } from "../../bench/tables.js";
import { UsageError } from "../../bench/usage-error.js";
import { goodResults, measured } from "./results.js";

const failed = { kind: "failed", system: "pgvip", scenario: "switchover", round: 3, reason: "no <leader>" } as const;

describe("tables", () => {
  test("have a row for each measure and system, with the ratio to pgvip", () => {
    const text = allTables(goodResults(), true).map(asText).join("\n");
    assert.match(
      text,
      /silence, ms: keepalived-best +2 +2000\.0 +2000\.0 +2000\.0 +133 \(133–133\) +\+1985 \(\+1985 to \+1985\)$/m,
    );
    assert.match(text, /^keepalived-best +2 +30\.0 +40\.0 .* 1$/m);
    assert.doesNotMatch(text, /readOnly: none/);
  });

  test("compare the added outage, which may be nothing or less, by difference alone", () => {
    const results = goodResults();
    const rounds = [-1, 0.5, -0.02].map((added, index) => measured("pgvip", "switchover", index + 1, { added }));
    const others = results.rounds.filter(({ system }) => system !== "pgvip");
    const text = allTables({ ...results, rounds: [...others, ...rounds] }, true)
      .map(asText)
      .join("\n");
    assert.match(text, /ratio to pgvip +difference to pgvip$/m);
    assert.match(text, /added, ms: keepalived-best +2 +30\.0 +30\.0 +30\.0 +– +\+30 \(\+30 to \+31\)$/m);
    assert.match(text, /added, ms: pgvip +3 +0\.0 +0\.5 +0\.5 +– +0\.0 \(-1\.5 to \+1\.5\)$/m);
    assert.match(allTables(results, true).map(asText).join("\n"), /added, ms: none .* +– +-2\.0 \(-2\.0 to -2\.0\)$/m);
  });

  test("tell the probe's own error, and memory beside the processor time of a fail-over", () => {
    const calm = { seconds: 5, longestSilenceMs: 12.34, lost: 0, slowestConnectMs: 0.6, longestWriteGapMs: 131 };
    const cost = { system: "pgvip", scenario: "switchover", cpuMs: 300 };
    const failOverCpu = [
      cost,
      { ...cost, rssMb: 120 },
      { ...cost, rssMb: 140 },
      { ...cost, system: "keepalived-best" },
    ];
    const tables = allTables({ ...goodResults(), calm, failOverCpu }, true);
    assert.equal(tables[0]?.rows.length, 1);
    const text = tables.map(asText).join("\n");
    assert.match(text, /^no fail-over, 5 s +12\.3 +0 +0\.6 +131\.0$/m);
    assert.match(text, /^pgvip +3 +300\.0 +300\.0 +300\.0 +1\.0 \(1\.0–1\.0\) +120\.0 +140\.0$/m);
    assert.match(text, /^keepalived-best +1 +300\.0 .* – +–$/m);
    assert.ok(allTables(goodResults(), true).every(({ title }) => !title.startsWith("the probe itself")));
  });

  test("rounds that failed are told", () => {
    const results = { ...goodResults(), rounds: [failed] };
    assert.deepEqual(failures(results), ["round 3, pgvip, switchover: no <leader>"]);
    assert.match(resultsMarkdown(results), /Rounds that failed\n\n- round 3, pgvip/);
  });
});

describe("the page", () => {
  const results = goodResults();
  const page = htmlReport({ ...results, rounds: [...results.rounds, failed] });

  test("needs nothing from elsewhere and escapes what it shows", () => {
    assert.doesNotMatch(page, /<script|<link|src=|url\(|https?:/);
    assert.ok(page.includes("what &lt;pgvip&gt; is") && page.includes("no &lt;leader&gt;"));
  });

  test("follows the reader's dark, fits a narrow screen, and says each rule once", () => {
    const style = /<style>([^]*)<\/style>/.exec(page)?.[1] ?? assert.fail("no style");
    assert.match(style, /@media \(prefers-color-scheme: dark\) \{ :root \{ --text: #e6edf3; --page: #0d1117;/);
    assert.match(style, /@media \(max-width: 40rem\) \{ \.row \{ grid-template-columns: 1fr;/);
    assert.match(style, /@media \(max-width: 40rem\) \{ th, td \{/);
    assert.match(style, /\.point \{/);
    const lines = style.split("\n").filter((line) => line !== "");
    assert.deepEqual([...new Set(lines)], lines);
    // A browser skips whatever it cannot read, and the rule after it.
    assert.equal(style.replace(/@media [^{]*\{(?:[^{}]*\{[^{}]*\})*\s*\}|[^{}@<=]+\{[^{}]*\}/g, "").trim(), "");
  });

  test("keeps a colour of the legend and its words on one line", () => {
    assert.match(page, /<span><i class="new"><\/i> of another node<\/span>/);
    assert.match(page, /\.legend span \{ display: inline-block;/);
  });

  test("draws a point for each round and a timeline for each system with a VIP", () => {
    // Four plotted measures, three systems, two scenarios, two rounds; and five flips that were answered.
    assert.equal([...page.matchAll(/<circle/g)].length, 4 * 3 * 2 * 2 + 5);
    assert.equal([...page.matchAll(/, round 1<\/figcaption>/g)].length, 2 * 2);
    assert.match(page, /class="old"><title>from a: 0\.0 to 1500\.0 ms/);
    assert.match(page, /class="new"><title>from b/);
  });
});

describe("the documentation", () => {
  const frame = (inner: string): string =>
    `before\n<!-- results: written by npm run bench -- --publish -->${inner}<!-- end of results -->\nafter\n`;

  test("gets its generated part replaced, and nothing else", () => {
    const once = withResults(frame("\n\nold\n"), "new");
    assert.equal(once, frame("\n\nnew\n"));
    assert.equal(withResults(once, "new"), once);
    assert.throws(() => withResults("no markers", "new"), /lacks the lines/);
  });

  test("names the command of each run, without the paths of that machine", () => {
    const run = { ...goodResults(), command: "npm run bench -- --output /here" };
    const other = { ...run, scenarios: [], rounds: [], flips: [], costs: [], jitters: [], startedAt: "later" };
    const text = resultsMarkdown(joined([run, other]));
    assert.match(text, /with `npm run bench --`, and later with `npm run bench --`, back end/);
  });
});

describe("the command line", () => {
  test("has defaults, and shorter ones for --quick", () => {
    const full = parseOptions([]);
    assert.ok(full.kind === "run" && full.rounds === 20 && full.flips === 200 && full.systems.length >= 6);
    const quick = parseOptions(["--quick", "--rounds", "5"]);
    assert.ok(quick.kind === "quick" && quick.rounds === 5 && quick.restSeconds === 0);
    assert.deepEqual(
      quick.systems.map(({ name }) => name),
      ["none", "pgvip", "keepalived-best"],
    );
  });

  for (const [words, message] of [
    [["--rounds", "many"], /--rounds: got "many", wants a whole number/],
    [["--systems", "pgvip,heartbeat"], /--systems: there is no "heartbeat"; there are none, pgvip/],
    [["--scenarios", "flood"], /--scenarios: there is no "flood"; there are stop-patroni/],
    [["--backend", "oracle"], /--backend: got "oracle", wants postgres or stand-in/],
    [["--speed"], /Unknown option '--speed'/],
  ] as const) {
    test(`refuses ${words.join(" ")}`, () => {
      assert.throws(
        () => parseOptions(words),
        (error) => error instanceof UsageError && message.test(error.message),
      );
    });
  }
});
