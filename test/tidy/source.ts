/** TypeScript files as the tidy rules look at them: their imports, and every node of their syntax tree. */
import { posix } from "node:path";
import ts from "typescript";

/** The files of the repository by their path from its root. */
export type Tree = ReadonlyMap<string, string>;

export interface Import {
  readonly specifier: string;
  /** Path in the repository for a relative import, as a .ts file; `null` for a package or a module of Node. */
  readonly target: string | null;
  readonly typesOnly: boolean;
  readonly line: number;
}

/** Paths that match, in order. */
export function pathsIn(tree: Tree, pattern: RegExp): readonly string[] {
  return [...tree.keys()].filter((path) => pattern.test(path)).sort();
}

export function textOf(tree: Tree, path: string): string {
  const text = tree.get(path);
  if (text === undefined) throw new Error(`no file ${path}`);
  return text;
}

/** Parsed once: several rules look at the same files. */
const parsed = new WeakMap<Tree, Map<string, ts.SourceFile>>();

export function parse(tree: Tree, path: string): ts.SourceFile {
  const files = parsed.get(tree) ?? new Map<string, ts.SourceFile>();
  parsed.set(tree, files);
  const file = files.get(path) ?? ts.createSourceFile(path, textOf(tree, path), ts.ScriptTarget.Latest, true);
  files.set(path, file);
  return file;
}

export function lineOf(node: ts.Node): number {
  const source = node.getSourceFile();
  return source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1;
}

/** Visits a node and all below it. */
export function visit(node: ts.Node, seen: (node: ts.Node) => void): void {
  seen(node);
  ts.forEachChild(node, (child) => visit(child, seen));
}

/** Static imports, re-exports and `import("…")`. */
export function importsOf(tree: Tree, path: string): readonly Import[] {
  const found: Import[] = [];
  visit(parse(tree, path), (node) => {
    const specifier = specifierOf(node);
    if (specifier === null) return;
    const target = specifier.startsWith(".")
      ? posix.join(posix.dirname(path), specifier).replace(/\.js$/, ".ts")
      : null;
    found.push({ specifier, target, typesOnly: importsTypesOnly(node), line: lineOf(node) });
  });
  return found;
}

function specifierOf(node: ts.Node): string | null {
  let specifier: ts.Node | undefined;
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) specifier = node.moduleSpecifier;
  else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword)
    specifier = node.arguments[0];
  else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) specifier = node.argument.literal;
  return specifier !== undefined && ts.isStringLiteralLike(specifier) ? specifier.text : null;
}

/** `import type …`, or braces with nothing but `type` in them: nothing is left of it when the program runs. */
function importsTypesOnly(node: ts.Node): boolean {
  if (ts.isImportTypeNode(node)) return true;
  if (ts.isExportDeclaration(node)) return node.isTypeOnly;
  if (!ts.isImportDeclaration(node) || node.importClause === undefined) return false;
  const { phaseModifier, name, namedBindings } = node.importClause;
  if (phaseModifier === ts.SyntaxKind.TypeKeyword) return true;
  if (name !== undefined || namedBindings === undefined || !ts.isNamedImports(namedBindings)) return false;
  return namedBindings.elements.length > 0 && namedBindings.elements.every((element) => element.isTypeOnly);
}
