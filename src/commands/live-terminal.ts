/**
 * Shows a watch: on a terminal a picture that is drawn again in place, elsewhere a line for each change.
 *
 * The terminal gets its screen, cursor, line wrapping and input mode back however the program ends, SIGKILL excepted. Only
 * sequences of the VT100 are used, and xterm's second screen, which others ignore.
 */
import type { ReadStream, WriteStream } from "node:tty";
import type { Line, Look } from "../diagnose/watch/draw.js";
import { draw } from "../diagnose/watch/draw.js";
import type { StatusWatch } from "../diagnose/watch/watch.js";
import type { Context } from "./context.js";
import { interrupted } from "./interrupted.js";

const FRAME_MS = 250;
const ESC = "\u001b";
/** Second screen, no cursor, no wrapping at the right edge. */
const ENTER = `${ESC}[?1049h${ESC}[?25l${ESC}[?7l${ESC}[2J`;
const LEAVE = `${ESC}[?7h${ESC}[?25h${ESC}[?1049l`;
const COLOURS: Readonly<Record<Look, string>> = { plain: "", bold: "1", good: "32", bad: "31" };
/** As they come in raw mode: Ctrl-C, Ctrl-D, Ctrl-\ and q end it; Ctrl-Z stops the process until `fg`. */
const END_KEYS = ["\u0003", "\u0004", "\u001c", "q", "Q"];
const SUSPEND_KEY = "\u001a";

/** Resolves when the reader has seen enough, was interrupted, or has lost the terminal. */
export async function showLive(watch: StatusWatch, environment: Context["terminal"]["environment"]): Promise<void> {
  const screen = new Screen(process.stdin, process.stdout, (environment["NO_COLOR"] ?? "") === "");
  screen.enter();
  const redraw = (): void => {
    screen.show(draw(watch.view, { columns: process.stdout.columns, rows: process.stdout.rows }));
  };
  redraw();
  const timer = setInterval(redraw, FRAME_MS);
  watch.onChange(redraw);
  process.stdout.on("resize", () => {
    screen.forget();
    redraw();
  });
  try {
    await Promise.race([interrupted(), screen.ended]);
  } finally {
    clearInterval(timer);
    watch.onChange(() => undefined);
    screen.leave();
  }
}

/** For pipes, files and terminals that know nothing. */
export async function showLines(watch: StatusWatch, terminal: Context["terminal"]): Promise<void> {
  watch.onChange(({ atMs, text }) => {
    terminal.out(`${new Date(atMs).toISOString()}  ${text}\n`);
  });
  const readerGone = new Promise<void>((resolve) => {
    process.stdout.on("error", () => {
      resolve();
    });
  });
  await Promise.race([interrupted(), readerGone]);
}

class Screen {
  readonly ended: Promise<void>;
  readonly #input: ReadStream;
  readonly #output: WriteStream;
  readonly #isColoured: boolean;
  readonly #leave = (): void => {
    this.leave();
  };
  #isEntered = false;
  #shown = "";
  #end: () => void = () => undefined;

  constructor(input: ReadStream, output: WriteStream, isColoured: boolean) {
    this.#input = input;
    this.#output = output;
    this.#isColoured = isColoured;
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
    // A terminal that is gone is no reason for a crash report.
    output.on("error", this.#end);
    input.on("error", this.#end);
    input.on("data", (keys) => {
      this.#typed(String(keys));
    });
  }

  enter(): void {
    if (this.#isEntered) return;
    this.#isEntered = true;
    this.#shown = "";
    // Before the message of an uncaught error, which would vanish with the second screen.
    process.on("uncaughtExceptionMonitor", this.#leave);
    process.on("exit", this.#leave);
    process.on("SIGQUIT", this.#end);
    if (this.#input.isTTY) this.#input.setRawMode(true);
    this.#input.resume();
    this.#output.write(ENTER);
  }

  /** Idempotent. */
  leave(): void {
    if (!this.#isEntered) return;
    this.#isEntered = false;
    process.off("uncaughtExceptionMonitor", this.#leave);
    process.off("exit", this.#leave);
    process.off("SIGQUIT", this.#end);
    this.#output.write(LEAVE);
    if (this.#input.isTTY) this.#input.setRawMode(false);
    this.#input.pause();
  }

  /** Writes only what is new: a picture that stays costs a slow line nothing. */
  show(lines: readonly Line[]): void {
    if (!this.#isEntered) return;
    const picture = lines.map((line) => `${this.#paint(line)}${ESC}[K`).join("\r\n");
    if (picture === this.#shown) return;
    this.#shown = picture;
    this.#output.write(`${ESC}[H${picture}${ESC}[J${ESC}[H`);
  }

  /** The terminal has another size: what is on it is no longer what was drawn. */
  forget(): void {
    if (!this.#isEntered) return;
    this.#shown = "";
    this.#output.write(`${ESC}[2J`);
  }

  #paint({ text, look }: Line): string {
    const colour = COLOURS[look];
    return this.#isColoured && colour !== "" ? `${ESC}[${colour}m${text}${ESC}[0m` : text;
  }

  #typed(keys: string): void {
    if (keys.includes(SUSPEND_KEY)) this.#suspend();
    else if (END_KEYS.some((key) => keys.includes(key))) this.#end();
  }

  #suspend(): void {
    this.leave();
    process.once("SIGCONT", () => {
      this.enter();
    });
    process.kill(process.pid, "SIGSTOP");
  }
}
