/** What a check asks Patroni, read from the command that asks: the role that the VIP follows, and how Patroni is reached. */
import type { VipInput } from "./draft.js";

export interface PatroniCheck {
  /** Scheme, host and port; `null` when a shell fills them in. */
  readonly origin: string | null;
  readonly role: NonNullable<VipInput["role"]>;
  readonly maxLag: string | null;
  readonly tags: readonly string[];
  /** Conditions that pgvip has no setting for. */
  readonly ignored: readonly string[];
  readonly tls: { readonly insecure: boolean; readonly ca: string | null; readonly client: Client | null };
  readonly credentials: { readonly username: string; readonly password: string } | null;
}

interface Client {
  readonly cert: string;
  readonly key: string;
}

/** Patroni's health checks by path, with their older names (documentation of its REST API). */
const ROLES: Readonly<Record<string, PatroniCheck["role"]>> = {
  primary: "primary",
  master: "primary",
  leader: "primary",
  "read-write": "primary",
  replica: "replica",
  sync: "sync",
  synchronous: "sync",
  async: "async",
  asynchronous: "async",
  "standby-leader": "standby-leader",
  standby_leader: "standby-leader",
  "read-only": "any",
  health: "any",
};

const DEFAULT_PORT = ":8008";

/** `null` when the command asks Patroni for no role. */
export function patroniCheckOf(command: string): PatroniCheck | null {
  for (const [, scheme = "http", authority = "", path = "", query = ""] of command.matchAll(URLS)) {
    const role = roleOf(authority, path, command);
    if (role === null) continue;
    return { origin: originOf(scheme, authority), role, ...conditionsOf(role, query), ...accessOf(command) };
  }
  return null;
}

/** With or without scheme, as curl takes them; a host may be a variable of the shell, or a command in `$(…)`. */
const URLS = /(?:(https?):\/\/)?((?:\$\([^)]*\)|[^\s"'/?|;<>()])+)(?:\/([\w-]*))?(?:\?([^\s"'|;<>)]*))?/g;

/** The role in the lock's words where `/` or `/patroni` is asked, which scripts search for a word. */
function roleOf(authority: string, path: string, command: string): PatroniCheck["role"] | null {
  if (!/:\d+$|^localhost$|\./.test(authority)) return null;
  const role = ROLES[path];
  if (role !== undefined) return role;
  if (path === "patroni" && /\b(?:primary|master)\b/.test(command)) return "primary";
  return path === "" && authority.endsWith(DEFAULT_PORT) ? "primary" : null;
}

function originOf(scheme: string, authority: string): string | null {
  const url = `${scheme}://${authority.replace(/^.*@/, "")}`;
  return /[$`]/.test(authority) || !URL.canParse(url) ? null : new URL(url).origin;
}

/** Roles that Patroni takes conditions for in a query. */
const CONDITIONAL: readonly string[] = ["replica", "sync", "async"];

function conditionsOf(role: string, query: string): Pick<PatroniCheck, "maxLag" | "tags" | "ignored"> {
  const conditions = [...new URLSearchParams(query)];
  const known = (key: string): boolean => CONDITIONAL.includes(role) && (key === "lag" || key.startsWith("tag_"));
  return {
    maxLag: conditions.find(([key]) => key === "lag" && known(key))?.[1] ?? null,
    tags: conditions.flatMap(([key, value]) => (key !== "lag" && known(key) ? [`${key.slice(4)}=${value}`] : [])),
    ignored: conditions.flatMap(([key, value]) => (known(key) ? [] : [`${key}=${value}`])),
  };
}

/** Options of curl and wget. */
function accessOf(command: string): Pick<PatroniCheck, "tls" | "credentials"> {
  const words = (command.match(/"[^"]*"|'[^']*'|[^\s"';|]+/g) ?? []).map((word) => word.replaceAll(/["']/g, ""));
  const after = (...names: readonly string[]): string | null => {
    const index = words.findIndex((word) => names.includes(word) || names.some((name) => word.startsWith(`${name}=`)));
    const word = words[index];
    if (word === undefined) return null;
    return names.includes(word) ? (words[index + 1] ?? null) : word.slice(word.indexOf("=") + 1);
  };
  const cert = after("-E", "--cert", "--certificate");
  const [, username, password] = /^([^:]+):(.*)$/.exec(after("-u", "--user") ?? "") ?? [];
  return {
    tls: {
      insecure: words.some((word) => /^(-[a-zA-Z]*k[a-zA-Z]*|--insecure|--no-check-certificate)$/.test(word)),
      ca: after("--cacert", "--ca-certificate"),
      client: cert === null ? null : { cert, key: after("--key", "--private-key") ?? cert },
    },
    credentials: username === undefined || password === undefined ? null : { username, password },
  };
}
