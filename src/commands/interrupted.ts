/** Ctrl-C and a polite kill as a promise, for commands that run until they are stopped and then still have to say something. */

export function interrupted(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
      process.once(signal, () => {
        resolve();
      });
    }
  });
}
