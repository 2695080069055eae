/** Rules about single source files: what they import and use, how long they are, how they begin. */
import { posix } from "node:path";
import ts from "typescript";
import { areaOf, impureGlobals } from "../../tools/layers.mjs";
import { type Tree, importsOf, lineOf, parse, pathsIn, textOf, visit } from "./source.js";

/** Looks at the tree and returns what is wrong, a line each. */
export type Rule = (tree: Tree) => readonly string[];

const SOURCE = /^src\/.*\.ts$/;
const NATIVE = /^native\/.*\.(cc|h)$/;
const TYPESCRIPT = /^(src|test|lab|bench)\/.*\.ts$/;

const LINE_LIMIT = 400;

export const importDirections: Rule = (tree) =>
  pathsIn(tree, SOURCE).flatMap((path) => {
    const area = areaOf(path);
    if (area === undefined) return [`${path}: belongs to no layer of tools/layers.mjs`];
    return importsOf(tree, path).flatMap(({ specifier, target, typesOnly, line }) => {
      const layers = typesOnly ? [...area.imports, ...(area.types ?? [])] : area.imports;
      const allowed =
        target !== null
          ? layers.includes(layerOf(target))
          : specifier.startsWith("node:")
            ? area.node === true
            : (area.packages ?? []).includes(packageOf(specifier));
      return allowed ? [] : [`${path}:${line}: may not import ${specifier}`];
    });
  });

export const onePathToRawSocket: Rule = (tree) =>
  pathsIn(tree, /^(test|bench)\/.*\.ts$/).flatMap((path) =>
    importsOf(tree, path)
      .filter(({ specifier }) => specifier === "raw-socket")
      .map(({ line }) => `${path}:${line}: raw-socket is for src/shell/raw-socket-packets.ts and lab/`),
  );

export const purity: Rule = (tree) =>
  pathsIn(tree, SOURCE)
    .filter((path) => areaOf(path)?.pure === true)
    .flatMap((path) => usesOf(tree, path, isImpure).map((use) => `${use}: core and wire are pure`));

export const noAny: Rule = (tree) =>
  pathsIn(tree, TYPESCRIPT).flatMap((path) => usesOf(tree, path, (node) => node.kind === ts.SyntaxKind.AnyKeyword));

/** `x as unknown as T` believes without looking. */
export const noDoubleCasts: Rule = (tree) =>
  pathsIn(tree, SOURCE).flatMap((path) =>
    usesOf(tree, path, (node) => ts.isAsExpression(node) && ts.isAsExpression(node.expression)),
  );

/** Declarations of somebody else's module describe what they find. */
export const noDefaultExports: Rule = (tree) =>
  pathsIn(tree, TYPESCRIPT)
    .filter((path) => !path.endsWith(".d.ts"))
    .flatMap((path) => usesOf(tree, path, (node) => ts.isExportAssignment(node) || isDefaultModifier(node)));

export const noLeftovers: Rule = (tree) =>
  pathsIn(tree, /^(src|native)\//).flatMap((path) =>
    linesMatching(tree, path, /\b(TODO|FIXME|XXX|HACK)\b|\bconsole\.(log|debug|dir)\b|\bdebugger\b/),
  );

export const fileLength: Rule = (tree) =>
  pathsIn(tree, /^(src|native)\//)
    .map((path) => ({ path, lines: textOf(tree, path).trimEnd().split("\n").length }))
    .filter(({ lines }) => lines > LINE_LIMIT)
    .map(({ path, lines }) => `${path}: ${lines} lines; look for a seam (limit ${LINE_LIMIT})`);

export const fileNames: Rule = (tree) => {
  const kebab = /^[a-z0-9]+(-[a-z0-9]+)*(\.test|\.d)?\.ts$/;
  const snake = /^[a-z0-9]+(_[a-z0-9]+)*\.(cc|h)$/;
  const wrong = (path: string): string | null => {
    const name = posix.basename(path);
    if (name === "index.ts") return `${path}: no barrel files`;
    if (path.endsWith(".ts")) return kebab.test(name) ? null : `${path}: TypeScript files are kebab-case`;
    return snake.test(name) ? null : `${path}: native files are snake_case .cc or .h`;
  };
  return [...pathsIn(tree, TYPESCRIPT), ...pathsIn(tree, /^native\/[^.]/)].flatMap((path) => wrong(path) ?? []);
};

export const purposeFirst: Rule = (tree) =>
  [...pathsIn(tree, SOURCE), ...pathsIn(tree, NATIVE)]
    .filter((path) => !/^(#!.*\n)?\/[*/]/.test(textOf(tree, path)))
    .map((path) => `${path}:1: a file opens with a comment that tells its purpose`);

function layerOf(path: string): string {
  return /^src\/([^/]+?)(\.ts)?(\/|$)/.exec(path)?.[1] ?? "(outside src)";
}

function packageOf(specifier: string): string {
  return /^(@[^/]+\/)?[^/]+/.exec(specifier)?.[0] ?? specifier;
}

function usesOf(tree: Tree, path: string, isWrong: (node: ts.Node) => boolean): readonly string[] {
  const found: string[] = [];
  visit(parse(tree, path), (node) => {
    if (isWrong(node)) found.push(`${path}:${lineOf(node)}: ${node.getText()}`);
  });
  return found;
}

/** A global by its own name: not `x.process`, not a property or parameter that is called so. */
function isImpure(node: ts.Node): boolean {
  if (ts.isPropertyAccessExpression(node)) return node.getText() === "Math.random";
  if (!ts.isIdentifier(node) || !impureGlobals.includes(node.text)) return false;
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent)) return parent.expression === node;
  return !("name" in parent && parent.name === node);
}

function isDefaultModifier(node: ts.Node): boolean {
  return node.kind === ts.SyntaxKind.DefaultKeyword && ts.isModifier(node);
}

function linesMatching(tree: Tree, path: string, pattern: RegExp): readonly string[] {
  return textOf(tree, path)
    .split("\n")
    .flatMap((line, index) => (pattern.test(line) ? [`${path}:${index + 1}: ${line.trim()}`] : []));
}
