/** The stand-in's psql: one write over a new connection, and who took it. Argument: the address. */
import { Session, standInDialect } from "../probe/session.js";

const address = process.argv[2] ?? "";
const session = new Session(standInDialect, address, 5000);
const { outcome, node, detail } = await session.write();
session.close();
if (outcome === "written")
  console.log(`You are connected to host "${address}" at port "5432"; ${node ?? "?"} took a write.`);
else console.log(`no write on host "${address}": ${outcome} ${detail}`);
process.exitCode = outcome === "written" ? 0 : 1;
