/**
 * Patroni's own configuration file as a layer of our settings, so that `patroni.config` alone tells how to reach Patroni.
 * Only what is there is taken; what is wrong with it is found by the schema, and reported with the place in that file.
 *
 * As patronictl does, the client side prefers `ctl` over `restapi` (`patroni/request.py`).
 */
import { type Layer, type Path, type Tree, valueAt } from "./layers.js";
import { parseHostPort } from "./values.js";

/** A value for one of our settings, and where in Patroni's file it was found. */
interface Taken {
  readonly key: string;
  readonly value: unknown;
  readonly from: Path;
}

/** For the section at `section`: `patroni`, or one of `clusters`. */
export function patroniLayer(file: Layer, section: Path): Layer {
  const taken = takeFrom(file.tree);
  const settings: unknown = Object.fromEntries(taken.map(({ key, value }) => [key, value]));
  const [outer = "", ...inner] = section;
  return {
    tree: taken.length === 0 ? {} : { [outer]: inner.reduceRight((tree, key) => ({ [key]: tree }), settings) },
    where: (path) => file.where(taken.find(({ key }) => key === path[section.length])?.from ?? []),
  };
}

function takeFrom(tree: Tree): readonly Taken[] {
  const first = (key: string, ...paths: readonly Path[]): readonly Taken[] => {
    const from = paths.find((path) => (valueAt(tree, path) ?? "") !== "");
    return from === undefined ? [] : [{ key, value: valueAt(tree, from), from }];
  };
  return [
    ...first("scope", ["scope"]),
    ...first("name", ["name"]),
    ...first("username", ["ctl", "authentication", "username"], ["restapi", "authentication", "username"]),
    ...first("password", ["ctl", "authentication", "password"], ["restapi", "authentication", "password"]),
    ...(isSecure(tree) ? first("ca", ["ctl", "cacert"], ["restapi", "cafile"]) : []),
    ...(isSecure(tree) ? first("insecure", ["ctl", "insecure"]) : []),
    ...(wantsClientCertificate(tree) ? first("cert", ["ctl", "certfile"], ["restapi", "certfile"]) : []),
    // The key may be in the certificate's file.
    ...(wantsClientCertificate(tree)
      ? first("key", ["ctl", "keyfile"], ["ctl", "certfile"], ["restapi", "keyfile"], ["restapi", "certfile"])
      : []),
    ...restApi(tree),
    ...postgres(tree),
  ];
}

function isSecure(tree: Tree): boolean {
  return valueAt(tree, ["restapi", "certfile"]) !== undefined;
}

/** Health checks need one only then; the key may be readable for PostgreSQL's user alone. */
function wantsClientCertificate(tree: Tree): boolean {
  return isSecure(tree) && valueAt(tree, ["restapi", "verify_client"]) === "required";
}

/**
 * Plain HTTP goes to what Patroni listens on, by loopback when that is every address. HTTPS goes to `connect_address`,
 * because that is what the certificate was made for.
 */
function restApi(tree: Tree): readonly Taken[] {
  const secure = isSecure(tree);
  const order = secure ? ["connect_address", "listen"] : ["listen", "connect_address"];
  const url = (address: string): string => `${secure ? "https" : "http"}://${address}`;
  return addresses(tree, "restapi", order)
    .slice(0, 1)
    .map(({ address, from }) => ({ key: "url", value: url(address), from }));
}

/** PostgreSQL on this very node, so what it listens on rather than what others connect to. */
function postgres(tree: Tree): readonly Taken[] {
  return addresses(tree, "postgresql", ["listen", "connect_address"])
    .slice(0, 1)
    .map(({ address, from }) => ({ key: "postgres", value: address, from }));
}

function addresses(tree: Tree, section: string, keys: readonly string[]) {
  return keys.flatMap((key) => {
    const from = [section, key];
    const value = valueAt(tree, from);
    return typeof value === "string" ? [{ address: reachable(value), from }] : [];
  });
}

/** `*:5432` and `0.0.0.0:8008` are every address; `10.0.0.1,127.0.0.1:5432` is a list with one port. */
function reachable(listen: string): string {
  const colon = listen.lastIndexOf(":");
  const [host = ""] = listen.slice(0, colon).split(",");
  const bare = host.replace(/^\[(.*)\]$/, "$1");
  const port = listen.slice(colon + 1);
  const address = ["*", "", "0.0.0.0"].includes(bare) ? "127.0.0.1" : bare === "::" ? "::1" : bare;
  const text = `${address.includes(":") ? `[${address}]` : address}:${port}`;
  return parseHostPort(text) === null ? listen : text;
}
