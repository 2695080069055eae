/** Makes a lab with a running program and tells its name and its watchdog's pid; lives until it is killed. */
import { Lab } from "../../lab/network.js";

const lab = await Lab.create([{ name: "one", addresses: ["10.7.8.1/24"] }]);
lab.hosts[0]?.spawn("sleep", ["1000"], { log: "sleep" });
console.log(`${lab.name} ${lab.watchdog.pid ?? ""}`);
process.stdin.resume();
