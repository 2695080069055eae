/** The part of the package raw-socket (it brings no types) that the echo probe uses. */
declare module "raw-socket" {
  import type { EventEmitter } from "node:events";

  interface Socket extends EventEmitter {
    send(
      buffer: Buffer,
      offset: number,
      length: number,
      address: string,
      afterCallback: (error: Error | null, bytes: number) => void,
    ): this;
    on(event: "message", listener: (buffer: Buffer, source: string) => void): this;
    on(event: "error", listener: (error: Error) => void): this;
    close(): this;
  }

  interface RawSocketPackage {
    createSocket(options: { readonly protocol: number }): Socket;
    /** Internet checksum of the whole buffer, put at the offset. */
    writeChecksum(buffer: Buffer, offset: number, checksum: number): Buffer;
    createChecksum(buffer: Buffer): number;
    readonly Protocol: { readonly ICMP: number };
  }

  const raw: RawSocketPackage;
  export = raw;
}
