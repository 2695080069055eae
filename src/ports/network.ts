/**
 * What the agent may ask of the network, and what the network tells it. The native addon answers it in the daemon
 * (shell/native-network.ts), a fake in tests.
 *
 * Orders are carried out one after the other by one thread, in the order given. Each order gets exactly one `done` event
 * with its `order` number, whether it went well or not; of `renew`, `expectAdverts` and `heedAdverts` that went well it comes
 * only with whatever is told next, since it would wake JavaScript up for nothing. All instants are CLOCK_MONOTONIC
 * milliseconds (the clock of `process.hrtime`), with fractions. Policy stays with the caller: nothing here knows what a
 * leader is.
 */

export type Family = "ipv4" | "ipv6";

/** An address to put on an interface (rtnetlink RTM_NEWADDR, always create-or-replace). */
export interface AddressPlan {
  readonly family: Family;
  readonly address: string;
  readonly prefixLength: number;
  /** IFA_LABEL: IPv4 only, starts with the interface's name, at most 15 characters. */
  readonly label?: string;
  /** IFA_BROADCAST: IPv4 only. */
  readonly broadcast?: string;
  /** `preferred_lft 0`: the kernel never chooses the address as source (wanted for IPv6 VIPs). */
  readonly deprecated: boolean;
  /** IFA_F_NOPREFIXROUTE: the address brings no route of its own. */
  readonly noPrefixRoute: boolean;
}

/** One advert ready to leave: the VRRP PDU, and the addresses of the IP header that its checksum was made for. */
export interface AdvertPacket {
  readonly family: Family;
  readonly source: string;
  readonly destination: string;
  readonly pdu: Uint8Array;
  /** The PDU has a trailer behind it (wire/advert-trailer.ts) that the network fills in whenever it sends. */
  readonly signing?: {
    readonly key: Uint8Array;
    /** A clock that is set back by more than this begins a new sequence. */
    readonly windowSeconds: number;
  };
}

/** All that the network needs to hold a VIP by itself while its lease runs, and to let go by itself when it ends. */
export interface Holding {
  /** Names the holding in later orders; chosen by the caller. */
  readonly holding: number;
  readonly ifIndex: number;
  /** Where addresses, announcements and adverts of each family go instead (virtual MAC). */
  readonly virtualLinks?: Readonly<Record<Family, number>>;
  readonly addresses: readonly AddressPlan[];
  /** Ethernet frames (gratuitous ARP, unsolicited NA), sent in this order right after the addresses are in. */
  readonly announcements: readonly Uint8Array[];
  /** Sent at once after the announcements, then on the cadence. */
  readonly adverts: readonly AdvertPacket[];
  readonly advertIntervalMs: number;
  /** Priority 0 adverts, sent after the addresses are gone. */
  readonly resignations: readonly AdvertPacket[];
  /** Destroy TCP sockets bound to the addresses before these are deleted (sock_diag SOCK_DESTROY). */
  readonly destroySockets: boolean;
  /** IFA_CACHEINFO valid lifetime in whole seconds, renewed by the network itself; 0 = no kernel lease. */
  readonly kernelLeaseSeconds: number;
  readonly leases: Leases;
}

export interface Leases {
  /** Native lease: past this instant the network releases by itself. The caller keeps moving it. */
  readonly leaseUntilMs: number;
  /** Right to the VIP: the kernel lease never reaches beyond it, whatever the caller does. */
  readonly rightUntilMs: number;
}

/** Sockets that one interface needs: adverts of these VRIDs in, ARP and NA about these VIPs in. Replaces the last one. */
export interface Listening {
  readonly ifIndex: number;
  readonly families: readonly Family[];
  /** Join 224.0.0.18 / ff02::12. */
  readonly multicast: boolean;
  /** Only adverts of these VRIDs are passed up (kernel filter); empty = adverts of every VRID (diagnostics). */
  readonly routerIds: readonly number[];
  /**
   * For diagnostics: every frame of VRRP, ARP and neighbor discovery is passed up as a `neighborFrame`, those that this host
   * sends included. `vips` does not count then.
   */
  readonly capture?: boolean;
  /** Only ARP / NA whose sender or target address is one of these is passed up; empty = none. */
  readonly vips: readonly string[];
}

/**
 * The same exchange again and again, on its cadence, until there is something to tell: a failure, or an answer that is not
 * `known`. Answers are the same when their first lines and their bodies are, but for the values of the members `ignored` of
 * the JSON object in the body.
 */
export interface ExchangePatience {
  /** The first exchange begins now or at this instant. */
  readonly firstAtMs: number;
  readonly everyMs: number;
  /** None but the first begins after this instant: then the last answer is told although it is the known one. */
  readonly untilMs: number;
  readonly known: Uint8Array;
  readonly ignored: readonly string[];
}

export type NetworkOrder =
  | { readonly kind: "listen"; readonly order: number; readonly listening: Listening }
  | { readonly kind: "unlisten"; readonly order: number; readonly ifIndex: number }
  /** Addresses in, announcement, advert, cadence: nothing of JavaScript comes between. Undone if an address is refused. */
  | {
      readonly kind: "takeOver";
      readonly order: number;
      readonly holding: Holding;
      /** False: the addresses are kept without a word to the neighbours; a later `announce` order still works. */
      readonly announce: boolean;
    }
  /** Moves the leases of a holding; unknown or ended holdings are an error `ENOENT`, and nothing is resurrected. */
  | ({ readonly kind: "renew"; readonly order: number; readonly holding: number } & Leases)
  /** Other adverts on the same cadence, the first one at once. */
  | {
      readonly kind: "advertise";
      readonly order: number;
      readonly holding: number;
      readonly adverts: readonly AdvertPacket[];
    }
  /** Sends the holding's announcements again. `ENOENT` when the holding has ended: nothing leaves. */
  | { readonly kind: "announce"; readonly order: number; readonly holding: number }
  /** Sockets destroyed, addresses deleted, resignation sent, holding forgotten. */
  | { readonly kind: "release"; readonly order: number; readonly holding: number; readonly resign: boolean }
  /** Forgets the holding and leaves the addresses to the kernel lease, renewed one last time (restart of the agent). */
  | { readonly kind: "abandon"; readonly order: number; readonly holding: number }
  /** Deletes addresses that no holding has: left-overs of an earlier run. Sockets first when `destroySockets`. */
  | {
      readonly kind: "removeAddresses";
      readonly order: number;
      readonly ifIndex: number;
      readonly addresses: readonly AddressPlan[];
      readonly destroySockets: boolean;
    }
  /** Makes a macvlan interface with this MAC (6 bytes) on top of one, and brings it up; sysctls of both are set for it. */
  | {
      readonly kind: "addVirtualLink";
      readonly order: number;
      readonly ifIndex: number;
      readonly name: string;
      readonly mac: Uint8Array;
    }
  /** Not being there is fine. Its addresses go with it. */
  | { readonly kind: "removeVirtualLink"; readonly order: number; readonly name: string }
  /** Sends frames once, outside any holding (ARP probe). */
  | {
      readonly kind: "sendFrames";
      readonly order: number;
      readonly ifIndex: number;
      readonly frames: readonly Uint8Array[];
    }
  /** Sends adverts once, outside any holding (diagnostics, resignation for a left-over). */
  | {
      readonly kind: "sendAdverts";
      readonly order: number;
      readonly ifIndex: number;
      readonly adverts: readonly AdvertPacket[];
    }
  /**
   * One question over TCP on a connection of its own: its `done` event comes when the other side has ended the connection,
   * or with a failure: `connect`, `send` or `recv` with the errno, ETIMEDOUT after a timeout, EMSGSIZE beyond `maxBytes`.
   */
  | {
      readonly kind: "exchange";
      readonly order: number;
      readonly address: string;
      readonly port: number;
      readonly request: Uint8Array;
      readonly connectTimeoutMs: number;
      /** For connecting, request and answer together. */
      readonly timeoutMs: number;
      readonly maxBytes: number;
      readonly patience?: ExchangePatience;
    }
  /**
   * Adverts that are `like` this one, byte for byte and from the same source to the same destination, are not told until
   * `untilMs`, as long as there is one in each `silenceMs`; when there is none, `advertsCeased` is told, once. Takes the
   * place of what was expected of that source with that router ID, and ends with the first advert that is told.
   */
  | {
      readonly kind: "expectAdverts";
      readonly order: number;
      readonly like: ReceivedAdvert;
      readonly silenceMs: number;
      readonly untilMs: number;
    }
  /** Nothing is expected any more of whoever sends adverts with this router ID: each is told. */
  | { readonly kind: "heedAdverts"; readonly order: number; readonly ifIndex: number; readonly routerId: number }
  /**
   * Waits for the end of any process, or for a sign of it in a file: its `done` event comes then, or with a failure: ESRCH
   * when it has ended already, ETIMEDOUT.
   */
  | {
      readonly kind: "awaitExit";
      readonly order: number;
      readonly pid: number;
      readonly timeoutMs: number;
      readonly sign?: FileSign;
    }
  /** Asks for a `snapshot` event. */
  | { readonly kind: "dump"; readonly order: number };

/** A word comes to stand in a file that had another one there before. */
export interface FileSign {
  /** A descriptor that stays open until the order is done. */
  readonly fd: number;
  /** Bytes from the beginning of the file. */
  readonly offset: number;
  /** 32 bits, in the byte order of this host. */
  readonly value: number;
}

export interface LinkState {
  readonly ifIndex: number;
  readonly name: string;
  /** IFF_UP. */
  readonly up: boolean;
  /** IFF_LOWER_UP: the carrier is there. */
  readonly carrier: boolean;
  readonly loopback: boolean;
  /** Empty when the link layer has none. */
  readonly mac: Uint8Array;
  readonly mtu: number;
}

export interface AddressState {
  readonly ifIndex: number;
  readonly family: Family;
  readonly address: string;
  readonly prefixLength: number;
  readonly label: string;
  /** IFA_F_* bits (32-bit IFA_FLAGS). */
  readonly flags: number;
  /** Remaining valid lifetime in seconds; `null` = forever. */
  readonly validSeconds: number | null;
  /** RT_SCOPE_*: 0 global, 253 link, 254 host. */
  readonly scope: number;
}

/** Why an order failed: the call, the errno's name (`EPERM`) and what it was about. */
export interface OrderFailure {
  readonly call: string;
  readonly errno: string;
  readonly detail: string;
}

/** When the steps of a take-over were done. */
export interface TakeOverTimes {
  readonly startedAtMs: number;
  readonly addressAtMs: number;
  readonly announcedAtMs: number;
  readonly advertisedAtMs: number;
}

export interface ReceivedAdvert {
  readonly ifIndex: number;
  readonly source: string;
  readonly destination: string;
  /** TTL or hop limit as received. */
  readonly ttl: number;
  /** The IP payload (IPv4: by the header's total length, so without Ethernet padding). */
  readonly pdu: Uint8Array;
}

export type NetworkEvent =
  | {
      readonly kind: "done";
      readonly order: number;
      readonly atMs: number;
      /** The first step that failed; later steps of `release` are still tried, so nothing is left half held. */
      readonly failure: OrderFailure | null;
      /** For `takeOver`; for `renew` after an unnoticed loss see `leaseEnded`. */
      readonly times: TakeOverTimes | null;
      /** For `release` and `removeAddresses`: TCP sockets destroyed. */
      readonly socketsDestroyed: number;
      /** For `exchange`: all bytes of the answer, and when what it answers was begun. */
      readonly answer: Uint8Array | null;
      readonly sentAtMs: number | null;
    }
  | ({
      readonly kind: "advert";
      readonly atMs: number;
      readonly family: Family;
      /** How many like an expected one came before it and were not told. */
      readonly untold: number;
    } & ReceivedAdvert)
  | {
      readonly kind: "advertsCeased";
      readonly atMs: number;
      readonly ifIndex: number;
      readonly family: Family;
      readonly source: string;
      readonly routerId: number;
      readonly untold: number;
    }
  /** ARP or neighbor advertisement about a watched VIP, as an Ethernet frame, not sent by this host; or what is captured. */
  | { readonly kind: "neighborFrame"; readonly atMs: number; readonly ifIndex: number; readonly frame: Uint8Array }
  | { readonly kind: "link"; readonly atMs: number; readonly change: "present" | "gone"; readonly link: LinkState }
  | {
      readonly kind: "address";
      readonly atMs: number;
      readonly change: "present" | "gone";
      readonly address: AddressState;
    }
  /** All links and addresses: answers `dump`, and comes by itself first and after a netlink overrun (ENOBUFS). */
  | {
      readonly kind: "snapshot";
      readonly atMs: number;
      readonly reason: "start" | "asked" | "overrun";
      readonly links: readonly LinkState[];
      readonly addresses: readonly AddressState[];
    }
  /** The network released by itself because nobody renewed. `silent`: noticed so late that no resignation was sent. */
  | {
      readonly kind: "leaseEnded";
      readonly holding: number;
      readonly atMs: number;
      readonly leaseUntilMs: number;
      readonly silent: boolean;
      readonly socketsDestroyed: number;
      readonly failure: OrderFailure | null;
    }
  /** Sending or receiving failed outside any order. Repeats of the same failure are folded into `count`. */
  | { readonly kind: "trouble"; readonly atMs: number; readonly failure: OrderFailure; readonly count: number }
  /** CLOCK_BOOTTIME ran ahead of CLOCK_MONOTONIC: the machine was suspended. */
  | { readonly kind: "suspended"; readonly atMs: number; readonly forMs: number }
  /** The bounded queue to JavaScript was full: this many packet events were dropped (other events never are). */
  | { readonly kind: "overflow"; readonly atMs: number; readonly dropped: number };

export interface Network {
  /** Queues orders; the `done` event of each comes later. After `close` nothing is carried out. */
  execute(orders: readonly NetworkOrder[]): void;
  /** When the last of the adverts came that are expected of the source and so not told; `null` where none are expected. */
  heardAtMs(ifIndex: number, routerId: number, source: string): number | null;
  /** Stops the thread and closes every socket. Held addresses stay as they are. Idempotent. */
  close(): void;
}

/** What opens the network: events arrive in batches, in order. */
export type OpenNetwork = (onEvents: (events: readonly NetworkEvent[]) => void) => Network;
