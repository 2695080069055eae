/** `pgvip listen`: what goes over the wire about VIPs, one line each, with alarms; and as a capture file. */
import { closeSync, openSync, writeSync } from "node:fs";
import { InvalidArgumentError, Option } from "commander";
import { PgvipError } from "../errors.js";
import { canonicalAddress } from "../wire/addresses.js";
import { isVrid } from "../wire/units.js";
import type { AddCommand } from "./context.js";
import { EXIT_ALARM, EXIT_OK } from "./exit-codes.js";
import { interrupted } from "./interrupted.js";

interface ListenOptions {
  readonly interface?: string;
  readonly pcap?: string;
  readonly count?: number;
  readonly vip?: readonly string[];
  readonly routerId?: readonly number[];
  readonly json?: true;
}

export const addListen: AddCommand = (program, { terminal, exitWith }) => {
  program
    .command("listen")
    .description("show VRRP adverts, ARP and neighbor advertisements about VIPs as they come")
    .addOption(
      new Option("--interface <name>", "interface to listen on; by default each Ethernet interface that is up"),
    )
    .addOption(
      new Option("--vip <address>", "show ARP and ND about this address only (repeatable)").argParser(addressList),
    )
    .addOption(
      new Option("--router-id <n>", "router IDs that belong here; others raise an alarm (repeatable)").argParser(
        idList,
      ),
    )
    .addOption(new Option("--pcap <file>", "write every frame to a capture file as well"))
    .addOption(new Option("--count <n>", "end after this many lines").argParser(count))
    .addOption(new Option("--json", "one JSON object a line"))
    .addHelpText("after", "\nCtrl-C ends it. Exit code 1 when there was an alarm.")
    .action(async (options: ListenOptions) => {
      const { listen } = await import("../diagnose/listen.js");
      const file = options.pcap === undefined ? null : openFile(options.pcap);
      try {
        const { alarms } = await listen(
          {
            interface: options.interface ?? null,
            expected: { vips: options.vip ?? [], routerIds: options.routerId ?? [] },
            count: options.count ?? Number.POSITIVE_INFINITY,
            until: interrupted(),
          },
          {
            line: (line) => {
              terminal.out(options.json ? `${JSON.stringify(line)}\n` : `${line.text}\n`);
            },
            note: (text) => {
              terminal.err(`${text}\n`);
            },
            capture: (bytes) => {
              if (file !== null) writeSync(file, bytes);
            },
          },
        );
        exitWith(alarms > 0 ? EXIT_ALARM : EXIT_OK);
      } finally {
        if (file !== null) closeSync(file);
      }
    });
};

function openFile(path: string): number {
  try {
    return openSync(path, "w");
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new PgvipError("USAGE", `--pcap ${path} cannot be written: ${message}`, { cause });
  }
}

function addressList(text: string, before: readonly string[] | undefined): readonly string[] {
  const address = canonicalAddress(text.split("/")[0] ?? "");
  if (address === null) throw new InvalidArgumentError("Wanted an IP address.");
  return [...(before ?? []), address];
}

function idList(text: string, before: readonly number[] | undefined): readonly number[] {
  const id = Number(text);
  if (!/^\d+$/.test(text) || !isVrid(id)) throw new InvalidArgumentError("Wanted 1 to 255.");
  return [...(before ?? []), id];
}

function count(text: string): number {
  if (!/^[1-9]\d{0,9}$/.test(text)) throw new InvalidArgumentError("Wanted a whole number from 1 on.");
  return Number(text);
}
