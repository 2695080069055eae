/** Shows the demo: a live picture on a terminal, plain lines elsewhere. */
import type { WriteStream } from "node:tty";
import { type DemoView, draw } from "./view.js";

const esc = "\u001b[";
const frameMs = 100;

export interface Screen {
  /** Something happened that people should read. */
  note(text: string): void;
  /** Leaves the terminal as it was, with the last picture on it. Idempotent. */
  close(): void;
}

/** `view` gives the picture of the moment. */
export function openScreen(view: () => DemoView): Screen {
  return process.stdout.isTTY
    ? new LiveScreen(process.stdout, view)
    : { note: (text) => console.log(text), close: () => undefined };
}

/** Draws over its own last picture; what was on the terminal before stays above it. */
class LiveScreen implements Screen {
  readonly #terminal: WriteStream;
  readonly #view: () => DemoView;
  readonly #timer: NodeJS.Timeout;
  #linesDrawn = 0;
  #closed = false;

  constructor(terminal: WriteStream, view: () => DemoView) {
    this.#terminal = terminal;
    this.#view = view;
    terminal.write(`${esc}?25l`);
    this.#timer = setInterval(() => this.#draw(), frameMs);
    // However the program ends, the cursor comes back.
    process.once("exit", () => this.close());
  }

  note(): void {
    this.#draw();
  }

  close(): void {
    if (this.#closed) return;
    this.#draw();
    this.#closed = true;
    clearInterval(this.#timer);
    this.#terminal.write(`${esc}?25h`);
  }

  #draw(): void {
    if (this.#closed) return;
    const lines = draw(this.#view(), this.#terminal.columns, this.#terminal.rows);
    const up = this.#linesDrawn > 0 ? `${esc}${this.#linesDrawn}A` : "";
    this.#linesDrawn = lines.length;
    this.#terminal.write(`${up}\r${lines.map((line) => `${esc}K${line}\n`).join("")}${esc}J`);
  }
}
