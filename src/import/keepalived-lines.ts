/**
 * keepalived's preprocessor: comments, `include`, `@id` lines and `$NAME=` definitions. What comes out are the lines that
 * keepalived would see, each with the place where it was written (keepalived.conf(5), "ADVANCED CONFIGURATION").
 */
import { PgvipError } from "../errors.js";
import type { Finding } from "./findings.js";

/** The files of the machine. */
export interface Files {
  /** Throws a PgvipError that names the file. */
  read(file: string): string;
  /** Paths that match the pattern of an `include` in the file, sorted as glob(3) does. */
  included(pattern: string, file: string): readonly string[];
}

export interface Line {
  readonly text: string;
  readonly place: string;
}

export interface Lines {
  readonly lines: readonly Line[];
  readonly findings: readonly Finding[];
}

/** Deeper than anybody nests; beyond it a file includes itself, or a definition uses itself. */
const DEPTH_LIMIT = 20;

/** `configId` is what `@id` lines are compared with: keepalived's `-i`, by default the host's name. */
export function readLines(file: string, configId: string, files: Files): Lines {
  const reader = new LineReader(configId, files);
  const lines = [...reader.file(file, 0)];
  return { lines, findings: [...reader.findings, ...reader.idFindings()] };
}

/** A line that is ready except for definitions, in the file and at the place where it was written. */
interface Raw extends Line {
  readonly file: string;
}

class LineReader {
  readonly findings: Finding[] = [];
  readonly #configId: string;
  readonly #files: Files;
  /** Several lines where the value had `\` at the end of its lines. */
  readonly #definitions = new Map<string, string | readonly string[]>([
    ["_HASH", "#"],
    ["_BANG", "!"],
  ]);
  readonly #ids = new Map<string, string>();

  constructor(configId: string, files: Files) {
    this.#configId = configId;
    this.#files = files;
    this.#definitions.set("_INSTANCE", configId);
  }

  *file(file: string, depth: number): Generator<Line> {
    if (depth > DEPTH_LIMIT) throw new PgvipError("CONFIG", `${file} includes itself`);
    const outer = this.#definitions.get("_PWD") ?? "";
    this.#definitions.set("_PWD", directoryOf(file));
    yield* this.#physicalLines(file, depth);
    this.#definitions.set("_PWD", outer);
  }

  *#physicalLines(file: string, depth: number): Generator<Line> {
    let unfinished: { readonly name: string; readonly lines: string[] } | null = null;
    for (const [index, physical] of this.#files.read(file).split(/\r?\n/).entries()) {
      const text = withoutComment(physical);
      if (text === "" && unfinished === null) continue;
      if (unfinished === null) {
        const place = `${file}:${String(index + 1)}`;
        const [, name] = /^\$(\w+)=\s*\\$/.exec(this.#chosen(text, place) ?? "") ?? [];
        if (name !== undefined) unfinished = { name, lines: [] };
        else yield* this.#line({ text, file, place }, depth);
        continue;
      }
      const [, line = "", more = ""] = /^(.*?)\s*(\\?)$/.exec(text) ?? [];
      if (line !== "") unfinished.lines.push(line);
      if (more !== "") continue;
      this.#definitions.set(unfinished.name, unfinished.lines);
      unfinished = null;
    }
  }

  *#line(raw: Raw, depth: number): Generator<Line> {
    if (depth > DEPTH_LIMIT) throw new PgvipError("CONFIG", `${raw.place}: a definition uses itself: ${raw.text}`);
    const text = this.#chosen(raw.text, raw.place);
    if (text === null) return;
    const [, name, value = ""] = /^\$([A-Za-z_]\w*)=(.*)$/.exec(text) ?? [];
    if (name !== undefined) {
      this.#definitions.set(name, value);
      return;
    }
    if (/^~(SEQ|LST)/.test(text)) {
      const why = "sequences and lists of lines are not read; write the lines out";
      this.findings.push({ kind: "byHand", places: [raw.place], what: text, why });
      return;
    }
    const replaced = this.#replaced(text);
    if (replaced.length !== 1 || replaced[0] !== text) {
      for (const line of replaced) yield* this.#line({ ...raw, text: withoutComment(line) }, depth + 1);
      return;
    }
    const [, pattern] = /^include[rmwba]?\s+(.+)$/.exec(text) ?? [];
    if (pattern !== undefined) yield* this.#included(pattern, raw, depth);
    else if (text !== "") yield { text, place: raw.place };
  }

  *#included(pattern: string, { file, place }: Raw, depth: number): Generator<Line> {
    const found = this.#files.included(pattern, file);
    // keepalived goes on as well; a forgotten file is worth a word.
    if (found.length === 0) {
      this.findings.push({ kind: "byHand", places: [place], what: `include ${pattern}`, why: "there is no such file" });
    }
    for (const one of found) yield* this.file(one, depth + 1);
  }

  /** The line without `@id`, or `null` when it is another host's. */
  #chosen(text: string, place: string): string | null {
    const [, not, id, rest] = /^@(\^?)(\S+)\s+(.*)$/.exec(text) ?? [];
    if (id === undefined || rest === undefined) return text.startsWith("@") ? null : text;
    if (!this.#ids.has(id)) this.#ids.set(id, place);
    return (id === this.#configId) === (not === "") ? rest : null;
  }

  /** One line, or the lines of a definition that has several; what is not defined stays as it is. */
  #replaced(text: string): readonly string[] {
    const whole = /^\$(?:(\w+)|\{(\w+)\})$/.exec(text);
    const lines = this.#definitions.get(whole?.[1] ?? whole?.[2] ?? "");
    if (typeof lines === "object") return lines;
    return [
      text.replaceAll(/\$(?:\{(\w+)\}|([A-Za-z_]\w*)(?=[\s,)]|$))/g, (found, braced?: string, bare?: string) => {
        const value = this.#definitions.get(braced ?? bare ?? "");
        return typeof value === "string" ? value : found;
      }),
    ];
  }

  /** Ids that only name other hosts: most likely the file is read for the wrong one. */
  idFindings(): readonly Finding[] {
    const [place] = this.#ids.values();
    if (place === undefined || this.#ids.has(this.#configId)) return [];
    const ids = [...this.#ids.keys()].map((id) => `@${id}`).join(", ");
    const why = `the file is read as @${this.#configId}; say with --config-id whose configuration it is`;
    return [{ kind: "wrong", places: [place], what: `lines for ${ids} and none for @${this.#configId}`, why }];
  }
}

/** `#` and `!` begin a comment outside of double quotes and unless a backslash is before them. */
function withoutComment(line: string): string {
  let quoted = false;
  let text = "";
  for (let index = 0; index < line.length; index += 1) {
    const char = line.charAt(index);
    if (char === "\\" && index + 1 < line.length) {
      const next = line.charAt(index + 1);
      text += !quoted && (next === "#" || next === "!") ? next : char + next;
      index += 1;
      continue;
    }
    if (char === '"') quoted = !quoted;
    if (!quoted && (char === "#" || char === "!")) break;
    text += char;
  }
  return text.trim();
}

function directoryOf(file: string): string {
  return file.includes("/") ? file.slice(0, file.lastIndexOf("/")) : ".";
}
