/**
 * Runs the native network in a host of the lab: orders come as lines on stdin (how often, then the order as JSON), events
 * leave as JSON lines.
 */
import { createInterface } from "node:readline";
import { openNetwork } from "../../src/shell/native-network.js";
import { LINE_END, decodeOrder, encode } from "./json-bytes.js";

const network = openNetwork((events) => {
  for (const event of events) process.stdout.write(`${encode(event)}${LINE_END}\n`);
});
createInterface({ input: process.stdin })
  .on("line", (line) => {
    const space = line.indexOf(" ");
    const order = decodeOrder(line.slice(space));
    for (let times = Number(line.slice(0, space)); times > 0; times -= 1) network.execute([order]);
  })
  .on("close", () => {
    network.close();
  });
