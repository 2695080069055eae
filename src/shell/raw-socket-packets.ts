/**
 * Raw IP sockets through the optional package raw-socket, for diagnostics only: the agent itself never needs it. It is
 * loaded when first asked for, and a missing package is an answer, not a crash.
 */
import { createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { PgvipError } from "../errors.js";
import type { Family } from "../wire/addresses.js";

export interface RawSocket {
  /** Rejects with what the kernel said, for instance when a firewall here drops the packet. */
  send(payload: Uint8Array, destination: string): Promise<void>;
  /** IPv4 packets come with their IP header, IPv6 ones without. */
  onPacket(listener: (packet: Uint8Array, source: string) => void): void;
  /** Idempotent. */
  close(): void;
}

/** What is wrong with the package and how to mend it; `null` when it can be used. */
export function missingRawSocket(): string | null {
  return load() === null ? missingText() : null;
}

/** Throws a PgvipError: USAGE without the package, PERMISSION when the kernel refuses the socket. */
export function openRawSocket(protocol: number, family: Family): RawSocket {
  const raw = load();
  if (raw === null) throw new PgvipError("USAGE", missingText());
  try {
    return new PackageSocket(raw.createSocket({ protocol, addressFamily: ADDRESS_FAMILY[family] }));
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new PgvipError("PERMISSION", `a raw socket needs CAP_NET_RAW (root has it): ${message}`, { cause });
  }
}

/** npm has to be run where pgvip looks for the package, wherever this was typed. */
function missingText(): string {
  const own = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");
  // Where pgvip itself was installed, npm would install what it is developed with as well.
  const install = `npm install --no-save${path.basename(path.dirname(own)) === "node_modules" ? " --omit=dev" : ""}`;
  const unbuilt = unbuiltPackage();
  const [state, where, command] =
    unbuilt === null
      ? ["missing", own, `${install} raw-socket@1.8.1`]
      : ["not built", path.dirname(path.dirname(unbuilt)), "npm rebuild raw-socket"];
  return `the optional package raw-socket is ${state}; with python3, make and g++ installed, run: (cd ${where} && ${command})`;
}

function unbuiltPackage(): string | null {
  try {
    return path.dirname(createRequire(import.meta.url).resolve("raw-socket/package.json"));
  } catch {
    return null;
  }
}

/** The package's own numbers. */
const ADDRESS_FAMILY: Readonly<Record<Family, number>> = { ipv4: 1, ipv6: 2 };

/** The part of the package that is used here; it brings no types. */
interface RawSocketPackage {
  createSocket(options: { readonly protocol: number; readonly addressFamily: number }): PackagedSocket;
}

interface PackagedSocket {
  send(
    buffer: Buffer,
    offset: number,
    length: number,
    address: string,
    afterCallback: (error: Error | null) => void,
  ): void;
  on(event: "message", listener: (buffer: Buffer, source: string) => void): void;
  on(event: "error", listener: (error: Error) => void): void;
  close(): void;
}

/**
 * Keeps open sockets alive: the package's own watcher does not, so a socket that only its own listeners know would be
 * collected, and closed, in the middle of its work.
 */
const open = new Set<PackagedSocket>();

class PackageSocket implements RawSocket {
  readonly #socket: PackagedSocket;
  #closed = false;

  constructor(socket: PackagedSocket) {
    this.#socket = socket;
    open.add(socket);
    // Failures of sending are told to whoever sent; the package closes the socket by itself after any other.
    socket.on("error", () => {
      this.#closed = true;
      open.delete(socket);
    });
  }

  send(payload: Uint8Array, destination: string): Promise<void> {
    if (this.#closed) return Promise.reject(new PgvipError("SYSTEM", "the raw socket is closed"));
    return new Promise((resolve, reject) => {
      this.#socket.send(Buffer.from(payload), 0, payload.length, destination, (error) => {
        if (error === null) resolve();
        else reject(error);
      });
    });
  }

  onPacket(listener: (packet: Uint8Array, source: string) => void): void {
    this.#socket.on("message", listener);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    open.delete(this.#socket);
    this.#socket.close();
  }
}

let loaded: RawSocketPackage | null | undefined;

function load(): RawSocketPackage | null {
  if (loaded !== undefined) return loaded;
  try {
    const found: unknown = createRequire(import.meta.url)("raw-socket");
    loaded = isRawSocketPackage(found) ? found : null;
  } catch {
    loaded = null;
  }
  return loaded;
}

function isRawSocketPackage(value: unknown): value is RawSocketPackage {
  return typeof value === "object" && value !== null && "createSocket" in value;
}
