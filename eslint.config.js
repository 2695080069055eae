/** ESLint: typescript-eslint's strictest set, with types, and the import rules of tools/layers.mjs. */
import tseslint from "typescript-eslint";
import { areas, impureGlobals, layerNames } from "./tools/layers.mjs";

/** @typedef {import("./tools/layers.mjs").Area} Area */

const source = ["src/**/*.ts"];
const harness = ["test/**/*.ts", "lab/**/*.ts", "bench/**/*.ts"];
const scripts = ["tools/**/*.mjs", "test/**/*.mjs"];

export default tseslint.config(
  { ignores: ["build/", "dist/", "prebuilds/", "coverage/"] },
  { linterOptions: { reportUnusedDisableDirectives: "error" } },
  {
    files: [...source, ...harness, ...scripts],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { project: "test/tsconfig.json", tsconfigRootDir: import.meta.dirname } },
    rules: {
      eqeqeq: "error",
      // A switch names every kind, or says with `default` that it means the rest: `unreachable(x)`, or nothing to do.
      "@typescript-eslint/switch-exhaustiveness-check": ["error", { considerDefaultExhaustiveForUnions: true }],
      "@typescript-eslint/consistent-type-imports": ["error", { fixStyle: "inline-type-imports" }],
      // A name that begins with _ says that it is meant to go unused.
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_" }],
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      // `() => timer.cancel()` says all there is to say.
      "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true }],
      "@typescript-eslint/no-unnecessary-condition": [
        "error",
        { allowConstantLoopConditions: "only-allowed-literals" },
      ],
    },
  },
  {
    files: source,
    rules: { "@typescript-eslint/no-unsafe-type-assertion": "error" },
  },
  {
    files: [...source, ...harness],
    rules: {
      "no-restricted-syntax": ["error", { selector: "ExportDefaultDeclaration", message: "Export it by name." }],
    },
  },
  {
    files: harness,
    rules: {
      "@typescript-eslint/no-floating-promises": [
        "error",
        {
          allowForKnownSafeCalls: [
            { from: "package", package: "node:test", name: ["test", "it", "describe", "suite"] },
          ],
        },
      ],
      // A missing value ends the test, which is what is wanted there.
      "@typescript-eslint/no-non-null-assertion": "off",
      // Fakes fulfil asynchronous interfaces without having to wait for anything.
      "@typescript-eslint/require-await": "off",
      "@typescript-eslint/no-empty-function": "off",
    },
  },
  {
    // The scripts read JSON and other tools' output as it comes; they run on a developer's machine only.
    files: scripts,
    rules: {
      "@typescript-eslint/no-unsafe-assignment": "off",
      "@typescript-eslint/no-unsafe-member-access": "off",
      "@typescript-eslint/no-unsafe-return": "off",
    },
  },
  ...areas.map((area) => ({ files: [area.files], rules: areaRules(area) })),
);

/** @param {Area} area */
function areaRules(area) {
  const imports = { "@typescript-eslint/no-restricted-imports": ["error", { patterns: importPatterns(area) }] };
  if (area.pure !== true) return imports;
  const message = "core and wire are pure: take it as an argument.";
  return {
    ...imports,
    "no-restricted-globals": ["error", ...impureGlobals.map((name) => ({ name, message }))],
    "no-restricted-properties": ["error", { object: "Math", property: "random", message }],
  };
}

/** @param {Area} area */
function importPatterns({ files, imports, types = [], packages = [], node = false }) {
  // Files in a folder reach the layers as `../core/types.js`, files of src/ itself as `./core/types.js`.
  const up = files.includes("*") ? "(?:\\.\\./)+" : "\\./";
  /** @param {readonly string[]} names */
  const into = (names) => `^${up}(?:${names.join("|")})(?:/|\\.js$)`;
  const message = "Not from here: see tools/layers.mjs.";
  const typesOnly = layerNames.filter((name) => types.includes(name));
  const never = layerNames.filter((name) => !imports.includes(name) && !types.includes(name));
  const modules = [...packages.map((name) => `${name}(?:/|$)`), ...(node ? ["node:"] : [])];
  const allowedModules = modules.length === 0 ? "" : `(?!${modules.join("|")})`;
  return [
    { regex: `^${allowedModules}[^.]`, message },
    ...(never.length === 0 ? [] : [{ regex: into(never), message }]),
    ...(typesOnly.length === 0 ? [] : [{ regex: into(typesOnly), allowTypeImports: true, message }]),
  ];
}
