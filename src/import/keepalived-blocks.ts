/** keepalived's lines as statements and blocks; what a word means is said elsewhere. */
import { PgvipError } from "../errors.js";
import type { Line } from "./keepalived-lines.js";

export interface Statement {
  /** At least one. */
  readonly words: readonly [string, ...string[]];
  readonly place: string;
  /** `null`: it has none. */
  readonly block: readonly Statement[] | null;
}

/** Throws a PgvipError when braces or quotes do not match. */
export function readBlocks(lines: readonly Line[]): readonly Statement[] {
  const top: Open = { opened: "", words: null, place: "", statements: [] };
  const stack = [top];
  for (const { text, place } of lines) {
    for (const part of parts(text)) {
      const current = stack.at(-1) ?? top;
      if (part === "{") stack.push(opened(current, place));
      else if (part === "}") close(stack, place);
      else finish(current, wordsOf(part, place), place);
    }
  }
  const [, unclosed] = stack;
  if (unclosed !== undefined) throw new PgvipError("CONFIG", `${unclosed.opened}: this block is never closed with }`);
  finish(top, null, "");
  return top.statements;
}

/** A block that is being read, with its last statement, which may still turn out to have a block. */
interface Open {
  readonly opened: string;
  words: Statement["words"] | null;
  place: string;
  statements: Statement[];
}

function finish(current: Open, next: Statement["words"] | null, place: string): void {
  if (current.words !== null) current.statements.push({ words: current.words, place: current.place, block: null });
  current.words = next;
  current.place = place;
}

function opened({ words }: Open, place: string): Open {
  if (words === null)
    throw new PgvipError("CONFIG", `${place}: { without a word before it that says what the block is`);
  return { opened: place, words: null, place, statements: [] };
}

function close(stack: Open[], place: string): void {
  const [outer, inner] = stack.slice(-2);
  if (outer?.words === undefined || outer.words === null || inner === undefined) {
    throw new PgvipError("CONFIG", `${place}: } without a { before it`);
  }
  finish(inner, null, "");
  outer.statements.push({ words: outer.words, place: outer.place, block: inner.statements });
  outer.words = null;
  stack.pop();
}

/** A line at its braces, which count everywhere but in double quotes. */
function parts(text: string): readonly string[] {
  return (text.match(/[{}]|(?:"(?:\\.|[^"\\])*"|[^{}"]|")+/g) ?? []).map((part) => part.trim()).filter(Boolean);
}

/** Split at blanks; double quotes keep them, and make a word of their own. */
function wordsOf(text: string, place: string): Statement["words"] {
  const words = (text.match(/"(?:\\.|[^"\\])*"|"|[^\s"]+/g) ?? []).map((word) => {
    if (word === '"') throw new PgvipError("CONFIG", `${place}: a double quote is never closed: ${text}`);
    return word.startsWith('"') ? word.slice(1, -1).replaceAll(/\\(["\\])/g, "$1") : word;
  });
  const [first = "", ...rest] = words;
  return [first, ...rest];
}
