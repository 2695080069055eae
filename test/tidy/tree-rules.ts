/** Rules about the repository as a whole: dead files, tests that nobody runs, links, traces of somebody's machine. */
import { posix } from "node:path";
import type { Rule } from "./code-rules.js";
import { type Tree, importsOf, pathsIn, textOf } from "./source.js";

export const noDeadSource: Rule = (tree) => {
  const alive = reachableFrom(tree, ["src/main.ts", ...programsOf(tree)]);
  return pathsIn(tree, /^src\/.*\.ts$/)
    .filter((path) => !alive.has(path) && !path.endsWith(".d.ts"))
    .map((path) => `${path}: neither src/main.ts nor a script of package.json leads to it`);
};

/** Every test is run by test/run.mjs, whose list is `listed`; every other file under test/ helps one of them. */
export function everyTestRuns(listed: readonly string[]): Rule {
  return (tree) => {
    const unlisted = pathsIn(tree, /\.test\.[a-z]+$/)
      .filter((path) => !listed.includes(path))
      .map((path) => `${path}: test/run.mjs does not run it`);
    const alive = reachableFrom(tree, [...listed, ...programsOf(tree)]);
    const named = (path: string): boolean =>
      [...alive].some((user) => user !== path && textOf(tree, user).includes(posix.basename(path, ".ts")));
    const dead = pathsIn(tree, /^test\/.*\.ts$/)
      // A helper that runs as a process of its own is named by its path instead of imported.
      .filter((path) => !alive.has(path) && !path.endsWith(".test.ts") && !named(path))
      .map((path) => `${path}: no test uses it`);
    return [...unlisted, ...dead];
  };
}

export const linksResolve: Rule = (tree) => {
  const folders = new Set([...tree.keys()].flatMap(foldersAbove));
  return pathsIn(tree, /\.md$/).flatMap((path) =>
    [...withoutCode(textOf(tree, path)).matchAll(/\]\(([^)\s#]+)(?:#[^)]*)?\)/g)].flatMap(([, link = ""]) => {
      if (/^[a-z]+:/.test(link)) return [];
      const target = posix.join(posix.dirname(path), decodeURI(link)).replace(/\/$/, "");
      return tree.has(target) || folders.has(target) ? [] : [`${path}: broken link ${link}`];
    }),
  );
};

/** Nothing of the machine that somebody worked on: home folders, work folders, registries on localhost. */
export const noMachinePaths: Rule = (tree) => {
  const pattern = /(?<![\w.@*-])\/(?:work|Users|home|root)\/[\w.]|registry\S*\b(?:localhost|127\.)/;
  return pathsIn(tree, /^(?!test\/tidy\/|test\/tidy\.test\.ts$)/).flatMap((path) =>
    textOf(tree, path)
      .split("\n")
      .flatMap((line, index) => (pattern.test(line) ? [`${path}:${index + 1}: ${line.trim()}`] : [])),
  );
};

/** A merge that was committed half done; neither compiler nor formatter looks into strings, documents or scripts. */
export const noConflictMarkers: Rule = (tree) =>
  pathsIn(tree, /^/).flatMap((path) =>
    textOf(tree, path)
      .split("\n")
      .flatMap((line, index) =>
        /^(?:[<>|]{7}(?: |$)|={7}$)/.test(line) ? [`${path}:${index + 1}: ${line.trim()}`] : [],
      ),
  );

/** Whoever installs this gets it from npm's own registry, and from nowhere else. */
export const lockedHosts: Rule = (tree) =>
  [...textOf(tree, "package-lock.json").matchAll(/"resolved": "([^"]*)"/g)]
    .map(([, url = ""]) => url)
    .filter((url) => !url.startsWith("https://registry.npmjs.org/"))
    .map((url) => `package-lock.json: ${url}`);

/** TypeScript files that the scripts of package.json run. */
function programsOf(tree: Tree): readonly string[] {
  return [...(tree.get("package.json") ?? "").matchAll(/(?:src|test|lab|bench)\/[\w/.-]+\.ts/g)].map(([path]) => path);
}

function reachableFrom(tree: Tree, roots: readonly string[]): ReadonlySet<string> {
  const reached = new Set<string>();
  const waiting = [...roots];
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (reached.has(path) || !tree.has(path)) continue;
    reached.add(path);
    if (!path.endsWith(".ts")) continue;
    for (const { target } of importsOf(tree, path)) if (target !== null) waiting.push(target);
  }
  return reached;
}

function foldersAbove(path: string): readonly string[] {
  const parts = path.split("/").slice(0, -1);
  return parts.map((_, index) => parts.slice(0, index + 1).join("/"));
}

function withoutCode(markdown: string): string {
  return markdown.replaceAll(/```[\s\S]*?```/g, "").replaceAll(/`[^`\n]*`/g, "");
}
