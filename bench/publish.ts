/** Puts results into the documentation: tables into docs/benchmark.md, and the picture of a fail-over into the README. */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { goalsTable } from "./goals.js";
import type { Results } from "./results.js";
import { caption, picture } from "./report/picture.js";
import { allTables, asMarkdown, failures } from "./tables.js";

const page = inRepository("docs/benchmark.md");
const readme = inRepository("README.md");
const timeline = inRepository("docs/timeline.svg");
const begin = "<!-- results: written by npm run bench -- --publish -->";
const end = "<!-- end of results -->";

const pictureBegin = "<!-- picture: written by npm run bench -- --publish -->";
const pictureEnd = "<!-- end of picture -->";

/** A run of only some systems leaves the picture as it is. */
export function publish(results: Results): void {
  writeFileSync(page, withResults(readFileSync(page, "utf8"), resultsMarkdown(results)));
  const drawn = picture(results);
  if (drawn === null) return;
  writeFileSync(timeline, drawn);
  writeFileSync(readme, withPicture(readFileSync(readme, "utf8"), caption(results)));
}

export function withPicture(text: string, told: string): string {
  const generated = `![A fail-over with each of them](docs/timeline.svg)\n\n${told}\n`;
  return betweenMarkers(text, pictureBegin, pictureEnd, generated);
}

/** The page with everything between the markers replaced. */
export function withResults(text: string, generated: string): string {
  return betweenMarkers(text, begin, end, generated);
}

/** A page with everything between two of its lines replaced. */
export function betweenMarkers(text: string, first: string, last: string, generated: string): string {
  const [from, to] = [text.indexOf(first), text.indexOf(last)];
  if (from < 0 || to < from) throw new Error(`the page lacks the lines ${first} and ${last}`);
  return `${text.slice(0, from + first.length)}\n\n${generated}\n${text.slice(to)}`;
}

export function resultsMarkdown(results: Results): string {
  const machine = Object.entries(results.machine).map(([name, value]) => `- ${name}: ${value}`);
  const failed = failures(results);
  return [
    `Measured ${results.startedAt} with \`${withoutPaths(results.command)}\`, back end ${results.backend}.`,
    "",
    ...machine,
    "",
    ...[goalsTable(results), ...allTables(results, true)].map(asMarkdown),
    ...(failed.length === 0 ? [] : ["### Rounds that failed", "", ...failed.map((line) => `- ${line}`), ""]),
  ].join("\n");
}

function inRepository(path: string): string {
  return fileURLToPath(new URL(`../${path}`, import.meta.url));
}

/** Where things were on that machine says nothing to a reader. Of several runs, each command ends with a backtick. */
function withoutPaths(command: string): string {
  return command.replace(/ --(?:output|vip-manager) [^\s`]+/g, "");
}
