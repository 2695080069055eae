/** Whether a TCP port takes connections: the last thing to ask about PostgreSQL when Patroni says nothing. */
import net from "node:net";
import type { PortState } from "../core/observation.js";
import type { Clock } from "../ports/clock.js";

/** Never rejects; "unknown" covers a deadline that passed and every failure that is not a clear refusal. */
export function probePort(
  { host, port }: { readonly host: string; readonly port: number },
  timeoutMs: number,
  clock: Clock,
): Promise<PortState> {
  return new Promise((resolve) => {
    const socket = net.connect({ host, port });
    const end = (state: PortState): void => {
      cancel();
      socket.destroy();
      resolve(state);
    };
    const cancel = clock.at(clock.nowMs() + timeoutMs, () => {
      end("unknown");
    });
    socket.once("connect", () => {
      end("accepts");
    });
    socket.on("error", (error) => {
      end("code" in error && error.code === "ECONNREFUSED" ? "refuses" : "unknown");
    });
  });
}
