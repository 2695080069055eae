/** Messages between the lab's programs: one JSON value a line, checked against its schema on arrival. */
import * as v from "valibot";

/** Throws when the line is not what the schema says: both ends are ours, so that is a bug. */
export function parseLine<S extends v.GenericSchema>(schema: S, line: string): v.InferOutput<S> {
  const value: unknown = JSON.parse(line);
  return v.parse(schema, value);
}

/** Cuts a stream of chunks into lines; the rest of an unfinished line is kept for the next chunk. */
export function lineSplitter(onLine: (line: string) => void): (chunk: string) => void {
  let rest = "";
  return (chunk) => {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) onLine(line);
  };
}
