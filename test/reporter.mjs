/**
 * A reporter for node:test that keeps what test/run.mjs sums up: a line of JSON per test and per file. The one for
 * people (`spec`) runs beside it.
 */
import { resolve } from "node:path";

/** @typedef {"passed" | "failed" | "skipped"} Outcome */
/** @typedef {{ readonly kind: "test", readonly file: string, readonly name: string, readonly outcome: Outcome }} TestLine */
/** @typedef {{ readonly kind: "file", readonly file: string, readonly durationMs: number }} FileLine */
/** @typedef {{ readonly type: string, readonly data: EventData }} Event */
/**
 * @typedef {object} EventData what Node 20 to 26 tell about a test, a suite or a file
 * @property {string} [name]
 * @property {string} [file]
 * @property {string | boolean} [skip]
 * @property {string | boolean} [todo]
 * @property {{ readonly type?: string, readonly duration_ms?: number, readonly error?: { readonly failureType?: string } }} [details]
 */

/** @param {AsyncIterable<Event>} events */
export default async function* reporter(events) {
  for await (const event of events) {
    const line = lineOf(event);
    if (line !== undefined) yield `${JSON.stringify(line)}\n`;
  }
}

/**
 * @param {Event} event
 * @returns {TestLine | FileLine | undefined}
 */
function lineOf({ type, data }) {
  const name = data.name ?? "";
  const isFile = data.file === undefined || resolve(name) === data.file;
  const file = data.file ?? resolve(name);
  const told = isFile ? "(the file as a whole)" : name;
  if (type === "test:complete" && isFile) return { kind: "file", file, durationMs: data.details?.duration_ms ?? 0 };
  if (type === "test:fail" && !isBlamedOnSubtests(data)) return { kind: "test", file, name: told, outcome: "failed" };
  if (type !== "test:pass") return undefined;
  if (isNamed(data.skip) || isNamed(data.todo)) return { kind: "test", file, name: told, outcome: "skipped" };
  if (data.details?.type === "suite") return undefined;
  // Node reports a file as a passed test when it contains none: nothing was checked there.
  if (isFile) return { kind: "test", file, name: "(contains no test)", outcome: "failed" };
  return { kind: "test", file, name, outcome: "passed" };
}

/**
 * A suite that failed only because a test in it did would be counted twice.
 * @param {EventData} data
 */
function isBlamedOnSubtests(data) {
  return data.details?.type === "suite" && data.details.error?.failureType === "subtestsFailed";
}

/**
 * `skip` and `todo` are a reason, an empty reason, or true; absent or false when the test ran.
 * @param {string | boolean | undefined} mark
 */
function isNamed(mark) {
  return mark !== undefined && mark !== false;
}
