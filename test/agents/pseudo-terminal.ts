/**
 * A program on a pseudo-terminal, of a host of the lab or wherever else it is started, and what a person would see there: python3 has the terminal's two
 * ends, and a headless xterm turns what is written into a screen.
 */
import xterm from "@xterm/headless";
import * as v from "valibot";
import type { LabProcess } from "../../lab/process.js";
import { until } from "../../lab/wait.js";

/** Runs the command in a session of its own on a new terminal; JSON lines say what to do, and tell what comes out. */
const python = `
import base64, fcntl, json, os, pty, select, signal, struct, sys, termios
columns, rows, command = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
master, slave = pty.openpty()
def resize(columns, rows): fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
def tell(**what): print(json.dumps(what), flush=True)
resize(columns, rows)
before = termios.tcgetattr(slave)
child = os.fork()
if child == 0:
    os.setsid()
    fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
    for fd in (0, 1, 2): os.dup2(slave, fd)
    os.execvp(command[0], command)
status = None
while True:
    ready, _, _ = select.select([master, 0], [], [], 0.05)
    if master in ready: tell(kind="written", base64=base64.b64encode(os.read(master, 65536)).decode())
    if 0 in ready:
        order = json.loads(sys.stdin.readline())
        if "size" in order: resize(*order["size"])
        if "keys" in order: os.write(master, order["keys"].encode())
        if "signal" in order: os.kill(child, order["signal"])
    if status is None:
        pid, ended = os.waitpid(child, os.WNOHANG)
        if pid: status = os.waitstatus_to_exitcode(ended)
    if status is not None and master not in ready:
        tell(kind="ended", status=status, modesRestored=termios.tcgetattr(slave) == before)
        break
`;

const message = v.variant("kind", [
  v.object({ kind: v.literal("written"), base64: v.string() }),
  v.object({ kind: v.literal("ended"), status: v.number(), modesRestored: v.boolean() }),
]);

export interface Ending {
  /** The exit code, or the negative signal. */
  readonly status: number;
  /** Line discipline, echo and the like are as they were before. */
  readonly modesRestored: boolean;
}

/** Where the program runs: a `Host`, or less. */
export interface TerminalPlace {
  spawnPiped(
    command: string,
    args: readonly string[],
    options: { readonly log: string; readonly env: Readonly<Record<string, string>> },
  ): LabProcess;
}

export class PseudoTerminal {
  readonly #process: LabProcess;
  readonly #terminal: xterm.Terminal;
  #written = "";
  #ending: Ending | null = null;

  constructor(place: TerminalPlace, [columns, rows]: readonly [number, number], command: readonly string[], env = {}) {
    this.#terminal = new xterm.Terminal({ cols: columns, rows, allowProposedApi: true });
    const args = ["-c", python, String(columns), String(rows), ...command];
    const environment = { TERM: "xterm", ...env };
    this.#process = place.spawnPiped("python3", args, { log: "terminal", env: environment });
    this.#process.onLine((line) => this.#told(v.parse(message, JSON.parse(line))));
  }

  /** Everything that was written, with its escape sequences. */
  get written(): string {
    return this.#written;
  }

  /** The lines that a person sees, without blanks at their ends. */
  get screen(): readonly string[] {
    const { active } = this.#terminal.buffer;
    const lines = Array.from({ length: this.#terminal.rows }, (_, index) => active.getLine(active.viewportY + index));
    return lines.map((line) => line?.translateToString(true) ?? "");
  }

  /** As a program finds and leaves it: the first screen, wrapping on, cursor shown. */
  get isOrdinary(): boolean {
    const cursor = this.#written.lastIndexOf("\u001b[?25h") >= this.#written.lastIndexOf("\u001b[?25l");
    return this.#terminal.buffer.active.type === "normal" && this.#terminal.modes.wraparoundMode && cursor;
  }

  /** Waits until the screen shows this. */
  async shows(pattern: RegExp, timeoutMs = 20_000): Promise<void> {
    const shown = (): string => this.screen.join("\n");
    await until(`the screen shows ${String(pattern)}`, () => pattern.test(shown()), { timeoutMs }).catch(
      (cause: unknown) => {
        throw new Error(`${String(cause)}; it shows:\n${shown()}`, { cause });
      },
    );
  }

  resize(columns: number, rows: number): void {
    this.#terminal.resize(columns, rows);
    this.#order({ size: [columns, rows] });
  }

  type(keys: string): void {
    this.#order({ keys });
  }

  signal(number: number): void {
    this.#order({ signal: number });
  }

  ended(): Promise<Ending> {
    return until("the program ends", () => this.#ending, { timeoutMs: 20_000 });
  }

  /** For what is still running when a test fails. */
  async kill(): Promise<void> {
    await this.#process.kill();
  }

  #order(order: Readonly<Record<string, unknown>>): void {
    this.#process.writeLine(JSON.stringify(order));
  }

  #told(told: v.InferOutput<typeof message>): void {
    if (told.kind === "ended") this.#terminal.write("", () => (this.#ending = told));
    else {
      const bytes = Buffer.from(told.base64, "base64");
      this.#written += bytes.toString("latin1");
      this.#terminal.write(bytes);
    }
  }
}
