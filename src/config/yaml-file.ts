/** A YAML file as a layer of settings that knows line and column of each value. */
import { readFileSync } from "node:fs";
import { isTree, type Layer, type Path } from "./layers.js";
import type { Problem } from "./problems.js";

const MAX_BYTES = 1_000_000;

export type ReadResult =
  | { readonly ok: true; readonly layer: Layer }
  | { readonly ok: false; readonly missing: boolean; readonly problems: readonly Problem[] };

export async function readYamlFile(file: string): Promise<ReadResult> {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unknown error";
    return refused(file, `cannot be read (${code})`, code === "ENOENT");
  }
  return await parseYaml(file, text);
}

/** `file` names the text in messages. */
export async function parseYaml(file: string, text: string): Promise<ReadResult> {
  if (text.length > MAX_BYTES) return refused(file, `is longer than ${String(MAX_BYTES)} characters`);
  // Loaded late: the daemon needs no YAML parser when flags and environment say everything.
  const { LineCounter, isCollection, isMap, isNode, isScalar, parseDocument } = await import("yaml");
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const place = (offset: number): string => {
    const { line, col } = lines.linePos(offset);
    return `${file}:${String(line)}:${String(col)}`;
  };
  if (document.errors.length > 0) {
    const problems = document.errors.map(({ pos, message }) => ({
      where: place(pos[0]),
      path: "",
      text: `is not YAML: ${message.replaceAll("\n", " ")}`,
    }));
    return { ok: false, missing: false, problems };
  }

  let value: unknown;
  try {
    value = document.toJS();
  } catch (error) {
    // Aliases that blow up (`maxAliasCount`) or point nowhere.
    return refused(file, `is not YAML: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (value !== null && !isTree(value)) return refused(file, "wanted a mapping of settings (`vips:` and so on)");

  /** Offset of the value, or of the key when there is none (`interface:`). */
  const offsetOf = (path: Path): number | undefined => {
    const parent = path.length === 1 ? document.contents : document.getIn(path.slice(0, -1), true);
    const key = path.at(-1);
    const pair = isMap(parent)
      ? parent.items.find((item) => isScalar(item.key) && String(item.key.value) === String(key))
      : undefined;
    const node = isCollection(parent) ? parent.get(key, true) : undefined;
    const written = isNode(node) && (!isScalar(node) || node.source !== "") ? node : pair?.key;
    return isNode(written) ? written.range?.[0] : undefined;
  };
  const where = (path: Path): string => {
    const offset = path.length === 0 ? undefined : offsetOf(path);
    return offset === undefined ? file : place(offset);
  };
  return { ok: true, layer: { tree: value ?? {}, file, where } };
}

function refused(file: string, text: string, missing = false): ReadResult {
  return { ok: false, missing, problems: [{ where: file, path: "", text }] };
}
