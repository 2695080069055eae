/** Users and groups by name, from wherever this host keeps them (getent(1)). */
import { execFileSync } from "node:child_process";

export interface User {
  readonly uid: number;
  readonly gid: number;
}

/** `null` when there is none. */
export function findUser(name: string): User | null {
  const fields = look("passwd", name);
  return fields === null ? null : { uid: Number(fields[2]), gid: Number(fields[3]) };
}

/** Its number; `null` when there is none. */
export function findGroup(name: string): number | null {
  const fields = look("group", name);
  return fields === null ? null : Number(fields[2]);
}

function look(database: "passwd" | "group", name: string): readonly string[] | null {
  try {
    const line = execFileSync("getent", ["--", database, name], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
    const fields = line.trim().split(":");
    return fields.length > 3 ? fields : null;
  } catch {
    return null;
  }
}
