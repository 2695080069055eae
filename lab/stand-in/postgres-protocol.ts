/** How the stand-in of Patroni reaches the stand-in of PostgreSQL. */
import * as v from "valibot";

export const roleMessage = v.object({ role: v.picklist(["primary", "replica"]) });
export type PostgresRole = v.InferOutput<typeof roleMessage>["role"];

/** Unix socket in the node's directory: sent a role, it answers with the role it now has. */
export function controlSocket(directory: string): string {
  return `${directory}/postgres.sock`;
}
