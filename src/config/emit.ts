/**
 * What derives from the schema besides validation: the table of docs/configuration.md and the JSON Schema for editors. Run as a program it
 * writes both: `node --import tsx src/config/emit.ts docs/configuration.md docs/config.schema.json`.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { type Field, clustersRow, fields } from "./fields.js";
import { type Tree, isTree } from "./layers.js";
import { schema } from "./schema.js";

const BEGIN = "<!-- config -->";
const END = "<!-- /config -->";
/** Prettier would pad every cell to the longest description. */
const AS_IT_IS = "<!-- prettier-ignore -->";

/** The settings as a Markdown table. Flags and variables follow from the path by the rule told above the table. */
export function settingsTable(): string {
  const { placeholder, about } = clustersRow();
  const rows = [
    ...fields().map((field) => `| ${cellsOf(field).join(" | ")} |`),
    `| \`clusters\` | ${placeholder} |  | ${about} |`,
  ];
  return ["| setting | values | default | |", "|---|---|---|---|", ...rows].join("\n");
}

function cellsOf({ path, placeholder, preset, about }: Field): readonly string[] {
  const values = placeholder.replaceAll("|", " \\| ");
  return [`\`${path}\``, values, preset === null ? "" : `\`${preset}\``, about];
}

/** The text with the table between its markers brought up to date; `null` when the markers are not there. */
export function withTable(text: string): string | null {
  const [begin, end] = [text.indexOf(BEGIN), text.indexOf(END)];
  if (begin < 0 || end < begin) return null;
  return `${text.slice(0, begin + BEGIN.length)}\n\n${AS_IT_IS}\n${settingsTable()}\n\n${text.slice(end)}`;
}

/** JSON Schema (draft-07) of the YAML file. */
export async function jsonSchema(): Promise<Tree> {
  // A development dependency: it is not there where pgvip is installed. Our own metadata is no JSON Schema.
  const { toJsonSchema } = await import("@valibot/to-json-schema");
  const emitted: unknown = toJsonSchema(schema, { typeMode: "input", ignoreActions: ["max_bytes", "metadata"] });
  return described(emitted, fields());
}

/** Descriptions get lost where a text is parsed into something else. */
function described(emitted: unknown, known: readonly Field[]): Tree {
  const properties = (node: unknown): Tree => (isTree(node) && isTree(node["properties"]) ? node["properties"] : {});
  const withAbout = (node: unknown, section: Field["section"]): Tree =>
    Object.fromEntries(
      Object.entries(properties(node)).map(([key, value]) => {
        const about = known.find((field) => field.section === section && field.key === key)?.about;
        const property = isTree(value) ? value : {};
        return [key, about === undefined ? property : { ...property, description: about }];
      }),
    );
  const root = isTree(emitted) ? emitted : {};
  const { patroni, clusters, vips, ...agent } = withAbout(root, "agent");
  const cluster = isTree(clusters) && isTree(clusters["additionalProperties"]) ? clusters["additionalProperties"] : {};
  const items = isTree(vips) && isTree(vips["items"]) ? vips["items"] : {};
  return {
    ...root,
    title: "pgvip",
    properties: {
      patroni: { ...(isTree(patroni) ? patroni : {}), properties: withAbout(patroni, "patroni") },
      clusters: {
        ...(isTree(clusters) ? clusters : {}),
        description: clustersRow().about,
        additionalProperties: { ...cluster, properties: withAbout(cluster, "patroni") },
      },
      vips: { ...(isTree(vips) ? vips : {}), items: { ...items, properties: withAbout(items, "vips") } },
      ...agent,
    },
  };
}

async function main([tableFile, schemaFile]: readonly string[]): Promise<void> {
  if (tableFile === undefined || schemaFile === undefined) throw new Error("usage: emit.ts TABLE.md SCHEMA.json");
  const text = withTable(readFileSync(tableFile, "utf8"));
  if (text === null) throw new Error(`${tableFile} has no ${BEGIN} and ${END}`);
  writeFileSync(tableFile, text);
  writeFileSync(schemaFile, `${JSON.stringify(await jsonSchema(), null, 2)}\n`);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) await main(process.argv.slice(2));
