/** Listens on 0.0.0.0:5434 and on [::]:5436, where IPv4 clients arrive v4-mapped, and keeps every connection open. */
import net from "node:net";

const open: net.Socket[] = [];
const accept = (socket: net.Socket): void => {
  open.push(socket.on("error", () => undefined));
};
net.createServer(accept).listen(5_434, "0.0.0.0", () => {
  net.createServer(accept).listen(5_436, "::", () => {
    console.log("listening");
  });
});
