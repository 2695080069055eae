/**
 * Makes a fresh clone ready for one purpose: `node tools/setup.mjs build`. Says a line for each thing it does, and
 * nothing when nothing is to do. Plain JavaScript without dependencies, since it runs before node_modules exists.
 */
import { ensureAddon, ensureDist, ensureModules, ensureRawSocket } from "./artifacts.mjs";
import { ToolFailed, isProgram, runAsTool } from "./run-command.mjs";
import { ensureSystemTools } from "./system-tools.mjs";

/** @typedef {import("./system-tools.mjs").ToolSet} ToolSet */
/** @typedef {{ readonly root?: string, readonly tools: readonly ToolSet[], readonly make: readonly (() => void)[] }} Purpose */

/** @type {readonly ToolSet[]} */
const testTools = [
  "compiler",
  "certificates",
  "namespaces",
  "cluster",
  "packets",
  "supervisor",
  "shells",
  "monitoring",
  "otherRouters",
];
const build = [ensureModules, ensureAddon, ensureDist];

/** `root`: what to type when the purpose needs root. */
const purposes = /** @satisfies {Record<string, Purpose>} */ ({
  modules: { tools: [], make: [ensureModules] },
  build: { tools: ["compiler"], make: [...build, ensureRawSocket] },
  check: { tools: ["compiler", "lint"], make: [ensureModules] },
  unit: { tools: ["certificates", "packets"], make: [ensureModules] },
  test: {
    root: "sudo npm test (npm test -- unit runs the tests that do without)",
    tools: testTools,
    make: [...build, ensureRawSocket],
  },
  sanitize: {
    root: "sudo npm run test:sanitize",
    tools: [...testTools, "sanitizers"],
    make: [...build, ensureRawSocket],
  },
  fuzz: { tools: ["fuzzing"], make: [ensureModules] },
  demo: { root: "sudo npm run demo", tools: ["compiler", "namespaces"], make: [...build, ensureRawSocket] },
  bench: {
    root: "sudo npm run bench",
    tools: ["compiler", "namespaces", "cluster", "packets", "otherRouters"],
    make: [...build, ensureRawSocket],
  },
  soak: { root: "sudo npm run soak", tools: ["compiler", "namespaces"], make: [...build, ensureRawSocket] },
  "demo-real": {
    root: "sudo npm run demo -- --real",
    tools: ["compiler", "namespaces", "cluster"],
    make: [...build, ensureRawSocket],
  },
});

/** @typedef {keyof typeof purposes} PurposeName */

/** @param {PurposeName} name */
export function setUp(name) {
  /** @type {Purpose} */
  const purpose = purposes[name];
  checkNodeVersion();
  if (purpose.root !== undefined && process.getuid?.() !== 0) {
    throw new ToolFailed(`Network namespaces and raw sockets need root: ${purpose.root}`, 2);
  }
  ensureSystemTools(purpose.tools);
  for (const make of purpose.make) make();
}

function checkNodeVersion() {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  throw new ToolFailed(`Node 20.19 or newer is needed; this is ${process.versions.node}`, 2);
}

/**
 * @param {string | undefined} name
 * @returns {name is PurposeName}
 */
function isPurpose(name) {
  return name !== undefined && Object.hasOwn(purposes, name);
}

if (isProgram(import.meta.url)) {
  await runAsTool(() => {
    const name = process.argv[2];
    if (!isPurpose(name)) throw new ToolFailed(`usage: node tools/setup.mjs ${Object.keys(purposes).join(" | ")}`, 2);
    setUp(name);
    return 0;
  });
}
