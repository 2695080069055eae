/**
 * What systemd is told (sd_notify(3)): ready, stopping, a status line, and that the event loop still turns. The watchdog is
 * fed from here and not from the native thread, or a hung loop would go unnoticed. Without systemd nothing happens.
 */
import { notifySystemd } from "../addon.js";

const STATUS_INTERVAL_MS = 5_000;

export class Supervisor {
  #timer: NodeJS.Timeout | null = null;

  /** Tells that the agent is ready, and from then on how it is. */
  start(summary: () => string): void {
    if (process.env["NOTIFY_SOCKET"] === undefined) return;
    notifySystemd(`READY=1\nSTATUS=${summary()}`);
    this.#timer = setInterval(() => {
      notifySystemd(`WATCHDOG=1\nSTATUS=${summary()}`);
    }, intervalMs());
    this.#timer.unref();
  }

  /** A new configuration is being read; with Type=notify-reload systemd waits for the end of it. */
  reloading(): void {
    if (process.env["NOTIFY_SOCKET"] === undefined) return;
    notifySystemd(`RELOADING=1\nMONOTONIC_USEC=${String(process.hrtime.bigint() / 1_000n)}`);
  }

  reloaded(summary: string): void {
    if (process.env["NOTIFY_SOCKET"] !== undefined) notifySystemd(`READY=1\nSTATUS=${summary}`);
  }

  stopping(): void {
    if (process.env["NOTIFY_SOCKET"] !== undefined) notifySystemd("STOPPING=1");
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }
}

/** Half of the watchdog's time, when it is meant for this process. */
function intervalMs(): number {
  const watchdogUs = Number(process.env["WATCHDOG_USEC"] ?? 0);
  const ours = process.env["WATCHDOG_PID"] === undefined || process.env["WATCHDOG_PID"] === String(process.pid);
  return ours && watchdogUs > 0 ? Math.min(STATUS_INTERVAL_MS, watchdogUs / 2_000) : STATUS_INTERVAL_MS;
}
