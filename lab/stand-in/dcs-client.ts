/** A member's connection to the stand-in DCS; it comes back by itself when the network or the DCS was away. */
import { connect, type Socket } from "node:net";
import { lineSplitter, parseLine } from "../json-lines.js";
import { dcsPort, type DcsRequest, type DcsState, dcsState, heartbeatMs } from "./dcs-protocol.js";

export class DcsClient {
  readonly #host: string;
  readonly #onState: (state: DcsState) => void;
  #socket: Socket;
  #retry: NodeJS.Timeout | undefined;

  constructor(host: string, onState: (state: DcsState) => void) {
    this.#host = host;
    this.#onState = onState;
    this.#socket = this.#connect();
  }

  /** Sent once; whether it took effect shows in the next state. */
  send(request: DcsRequest): void {
    this.#socket.write(JSON.stringify(request) + "\n");
  }

  /** Resolves when what was sent has left this process. */
  close(): Promise<void> {
    clearTimeout(this.#retry);
    this.#socket.removeAllListeners("close");
    return new Promise((resolve) => this.#socket.end(resolve));
  }

  #connect(): Socket {
    const socket = connect(dcsPort, this.#host);
    socket.setEncoding("utf8").setNoDelay();
    // A DCS that is frozen or cut off sends no heartbeat: the connection is given up and tried anew.
    socket.setTimeout(5 * heartbeatMs, () => socket.destroy());
    socket.on(
      "data",
      lineSplitter((line) => {
        this.#onState(parseLine(dcsState, line));
      }),
    );
    socket.on("error", () => undefined);
    socket.on("close", () => {
      this.#retry = setTimeout(() => {
        this.#socket = this.#connect();
      }, 100);
    });
    return socket;
  }
}
