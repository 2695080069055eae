/**
 * Loaded into an agent before its own code (NODE_OPTIONS=--import); the agent itself knows nothing of it.
 *
 * SIGUSR2: the event loop stands still for three seconds, as in an endless loop or a long garbage collection.
 * SIGWINCH and SIGPWR: the wall clock steps an hour forward and back, as when somebody sets it. The machine's own clock must
 * not be touched, and a time namespace has none of its own.
 */
const blockMs = 3000;
const stepMs = 3_600_000;

process.on("SIGUSR2", () => {
  const endMs = performance.now() + blockMs;
  while (performance.now() < endMs);
});

const wallMs = Date.now;
let aheadMs = 0;
Date.now = () => wallMs() + aheadMs;

process.on("SIGWINCH", () => {
  aheadMs += stepMs;
});
process.on("SIGPWR", () => {
  aheadMs -= stepMs;
});
