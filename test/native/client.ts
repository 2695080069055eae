/** Connects to the address and port given, waits, and tells how the connection ended. */
import net from "node:net";

const [host = "", port = ""] = process.argv.slice(2);
net
  .connect(Number(port), host, () => {
    console.log("connected");
  })
  .on("error", (error: NodeJS.ErrnoException) => {
    console.log(error.code);
  })
  .on("end", () => {
    console.log("closed");
  });
