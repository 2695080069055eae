/**
 * Loaded into an agent before its own code (NODE_OPTIONS=--import): on SIGUSR2 the event loop stands still for three seconds,
 * as in an endless loop or a long garbage collection. The agent itself knows nothing of it.
 */
const blockMs = 3000;

process.on("SIGUSR2", () => {
  const endMs = performance.now() + blockMs;
  while (performance.now() < endMs);
});
