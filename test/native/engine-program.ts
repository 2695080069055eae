/** Runs the native network in a host of the lab: orders come as JSON lines on stdin, events leave as JSON lines. */
import { createInterface } from "node:readline";
import { openNetwork } from "../../src/shell/native-network.js";
import { decodeOrder, encode } from "./json-bytes.js";

const network = openNetwork((events) => {
  for (const event of events) process.stdout.write(`${encode(event)}\n`);
});
createInterface({ input: process.stdin })
  .on("line", (line) => {
    network.execute(decodeOrder(line));
  })
  .on("close", () => {
    network.close();
  });
