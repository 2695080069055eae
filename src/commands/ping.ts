/** `pgvip ping`: measures from here how long a VIP does not answer. */
import { InvalidArgumentError, Option } from "commander";
import { PgvipError } from "../errors.js";
import { canonicalAddress } from "../wire/addresses.js";
import type { AddCommand, Context } from "./context.js";
import { spanBetween } from "./durations.js";
import { EXIT_ALARM, EXIT_OK } from "./exit-codes.js";
import { interrupted } from "./interrupted.js";

interface PingOptions {
  readonly interval: number;
  readonly tcp?: number;
  readonly pg?: readonly string[];
  readonly for?: number;
  readonly json?: true;
}

export const addPing: AddCommand = (program, context) => {
  program
    .command("ping")
    .description("measure blackouts of a VIP: ICMP echoes, and TCP connections or writes as well")
    .argument("<vip>", "the address, with or without prefix length", vipOf)
    .addOption(
      new Option("--interval <duration>", "time between two attempts of each kind")
        .argParser(spanBetween({ leastMs: 1, mostMs: 60_000 }))
        .default(10, "10ms"),
    )
    .addOption(new Option("--tcp <port>", "also connect to this TCP port").argParser(portOf))
    .addOption(
      new Option("--pg <dsn...>", "also write to PostgreSQL, each time over a new connection (needs the package pg)"),
    )
    .addOption(
      new Option("--for <duration>", "end by itself after this long").argParser(
        spanBetween({ leastMs: 1, mostMs: 86_400_000 }),
      ),
    )
    .addOption(new Option("--json", "print the summary as JSON"))
    .addHelpText("after", "\nCtrl-C ends it with a summary. Exit code 1 when there was a blackout.")
    .action(async (vip: string, options: PingOptions) => {
      await measure(vip, options, context);
    });
};

async function measure(vip: string, options: PingOptions, { terminal, exitWith }: Context): Promise<void> {
  const { ping, pingText } = await import("../diagnose/ping.js");
  const probes = await openProbes(vip, options, (text) => {
    terminal.err(`${text}\n`);
  });
  const isLive = process.stderr.isTTY && !options.json;
  const clear = isLive ? "\r\u001b[K" : "";
  const settings = { intervalMs: options.interval, forMs: options.for ?? null, until: interrupted() };
  const result = await ping(probes, settings, {
    live: (text) => {
      if (isLive) terminal.err(clear + text.slice(0, Math.max(20, process.stderr.columns - 1)));
    },
    blackout: (text) => {
      terminal.err(`${clear}${text}\n`);
    },
  });
  terminal.err(clear);
  terminal.out(options.json ? `${JSON.stringify(result, null, 2)}\n` : `${pingText(result)}\n`);
  exitWith(result.probes.some(({ blackouts }) => blackouts.length > 0) ? EXIT_ALARM : EXIT_OK);
}

/** ICMP needs the optional package and a capability; when something else is measured as well it may be missing. */
async function openProbes(vip: string, { interval, tcp, pg = [] }: PingOptions, note: (text: string) => void) {
  const { echoProbe, tcpProbe } = await import("../diagnose/probes.js");
  const { writeProbe } = await import("../diagnose/write-probe.js");
  const { systemClock } = await import("../shell/system-clock.js");
  const others = [
    ...(tcp === undefined ? [] : [tcpProbe(vip, tcp, interval, systemClock)]),
    ...(await Promise.all(pg.map((dsn) => writeProbe(dsn, interval, systemClock)))),
  ];
  try {
    return [echoProbe(vip, interval, systemClock), ...others];
  } catch (error) {
    if (!(error instanceof PgvipError)) throw error;
    if (others.length === 0)
      throw new PgvipError(error.code, `${error.message}; or measure with --tcp PORT`, { cause: error });
    note(`no ICMP: ${error.message}`);
    return others;
  }
}

function vipOf(text: string): string {
  const address = canonicalAddress(text.split("/")[0] ?? "");
  if (address === null) throw new InvalidArgumentError("Wanted an IP address.");
  return address;
}

function portOf(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port < 1 || port > 65_535) throw new InvalidArgumentError("Wanted 1 to 65535.");
  return port;
}
