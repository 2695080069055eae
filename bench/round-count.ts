/** The command line of the small benchmarks, which know one word: how many rounds. */
import { missingForLab } from "../lab/preflight.js";

/** Of this process's arguments. Ends the process with exit code 2 when they are wrong, or when the machine lacks something. */
export function roundCount(command: string, usual: number): number {
  const [word = String(usual), ...more] = process.argv.slice(2);
  const missing = missingForLab("stand-in");
  const problem =
    !/^[1-9]\d{0,3}$/.test(word) || more.length > 0
      ? `usage: ${command} [-- N]; got "${[word, ...more].join(" ")}", N is a whole number from 1 on`
      : missing.join("\n");
  if (problem !== "") {
    console.error(problem);
    process.exit(2);
  }
  return Number(word);
}
