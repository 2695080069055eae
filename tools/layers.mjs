/**
 * Who may import what in src/. ESLint shows it in the editor and test/tidy.test.ts in `npm test`; both read this table.
 *
 * A layer is a folder (`core`) or a file (`agent`) directly under src/. Of the areas that match a file the last one counts.
 */

/**
 * @typedef {object} Area
 * @property {string} files glob
 * @property {readonly string[]} imports layers whose values and types may be imported
 * @property {readonly string[]} [types] layers whose types alone may be imported
 * @property {readonly string[]} [packages] packages from npm
 * @property {boolean} [node] may import `node:` modules
 * @property {boolean} [pure] uses no clock, I/O or anything else of the machine: the same code runs in a simulation
 */

const below = ["wire", "core", "ports", "config", "shell", "errors", "assert", "log", "status", "history", "version"];
const config = { imports: ["config", "errors", "assert", "wire"], types: ["ports"], packages: ["valibot", "yaml"] };
const shell = {
  imports: [
    ...["shell", "ports", "core", "wire"],
    ...["errors", "assert", "log", "status", "history", "version", "scheduling"],
  ],
  types: ["config"],
  packages: ["valibot"],
  node: true,
};

/** @type {readonly Area[]} */
export const areas = [
  { files: "src/errors.ts", imports: [] },
  { files: "src/assert.ts", imports: [] },
  { files: "src/log.ts", imports: ["errors"], types: ["config"], packages: ["pino"], node: true },
  { files: "src/status.ts", imports: [], packages: ["valibot"] },
  { files: "src/history.ts", imports: [], packages: ["valibot"] },
  { files: "src/status-text.ts", imports: ["status"] },
  // Writes documentation (npm run docs), as config/emit.ts does.
  { files: "src/status-emit.ts", imports: ["status"], packages: ["@valibot/to-json-schema"], node: true },
  { files: "src/version.ts", imports: [], node: true },
  { files: "src/v8.ts", imports: [], node: true },
  { files: "src/scheduling.ts", imports: [], node: true },
  { files: "src/wire/**/*.ts", imports: ["wire"], pure: true },
  { files: "src/core/**/*.ts", imports: ["core", "wire", "assert"], pure: true },
  { files: "src/ports/**/*.ts", imports: ["ports"], types: ["core", "wire"] },
  { files: "src/config/**/*.ts", ...config },
  { files: "src/config/load.ts", ...config, node: true },
  { files: "src/config/yaml-file.ts", ...config, node: true },
  { files: "src/config/shown.ts", ...config, node: true },
  // Writes documentation (npm run docs); no part of the agent imports it.
  { files: "src/config/emit.ts", ...config, packages: [...config.packages, "@valibot/to-json-schema"], node: true },
  { files: "src/addon.ts", imports: ["errors", "assert"], types: ["ports"], packages: ["node-gyp-build"], node: true },
  { files: "src/shell/**/*.ts", ...shell },
  { files: "src/shell/native-*.ts", ...shell, imports: [...shell.imports, "addon"] },
  { files: "src/shell/metrics.ts", ...shell, packages: ["prom-client"] },
  { files: "src/shell/raw-socket-packets.ts", ...shell, packages: [...shell.packages, "raw-socket"] },
  // Pages with timelines, of `pgvip drill` and of the benchmark.
  { files: "src/report/**/*.ts", imports: ["report"], pure: true },
  // Diagnostics: what `doctor`, `listen`, `ping`, `drill` and `status --watch` find out. The agent needs none of it.
  {
    files: "src/diagnose/**/*.ts",
    imports: [
      "diagnose",
      "report",
      ...["shell", "ports", "core", "config", "wire", "errors", "assert", "status", "status-text", "version"],
    ],
    packages: ["valibot"],
    node: true,
  },
  {
    files: "src/diagnose/write-probe.ts",
    imports: ["diagnose", "shell", "ports", "errors"],
    packages: ["pg"],
    node: true,
  },
  // Completion and man pages, from commander's definitions.
  { files: "src/outline/**/*.ts", imports: ["outline", "assert"], packages: ["commander"] },
  // Other VIP managers' configurations as ours.
  {
    files: "src/import/**/*.ts",
    imports: ["import", "errors"],
    types: ["config"],
    packages: ["valibot", "yaml"],
    pure: true,
  },
  { files: "src/agent.ts", imports: below, node: true },
  {
    files: "src/commands/**/*.ts",
    imports: ["commands", "agent", "diagnose", "import", "outline", "status-text", "v8", ...below],
    packages: ["commander", "valibot"],
    node: true,
  },
  { files: "src/cli.ts", imports: ["commands", "errors"], packages: ["commander"], node: true },
  // Writes documentation (npm run docs), as config/emit.ts does.
  { files: "src/man-emit.ts", imports: ["cli", "outline"], packages: ["commander"], node: true },
  { files: "src/main.ts", imports: ["cli", "scheduling", "v8"], node: true },
];

/** Globals that make code depend on the machine it runs on, or on the moment. */
export const impureGlobals = [
  "Buffer",
  "Date",
  "clearImmediate",
  "clearInterval",
  "clearTimeout",
  "console",
  "crypto",
  "fetch",
  "global",
  "globalThis",
  "performance",
  "process",
  "queueMicrotask",
  "require",
  "setImmediate",
  "setInterval",
  "setTimeout",
];

/** The layers named above. */
export const layerNames = [...new Set(areas.flatMap(({ files }) => files.match(/^src\/([a-z-]+)/)?.slice(1) ?? []))];

/**
 * @param {string} path from the root of the repository
 * @returns {Area | undefined}
 */
export function areaOf(path) {
  return areas.findLast(({ files }) => globToRegExp(files).test(path));
}

/** @param {string} glob with `**` for folders and `*` for a part of a name */
function globToRegExp(glob) {
  const pattern = glob
    .replaceAll(".", "\\.")
    .replaceAll("**/", "(?:<any>/)?")
    .replaceAll("*", "[^/]*")
    .replaceAll("<any>", ".*");
  return new RegExp(`^${pattern}$`);
}
