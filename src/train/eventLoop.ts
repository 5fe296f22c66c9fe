/** Milliseconds after which the event loop gets a turn, so that a page can draw and a signal can come. */
const TURN_MS = 20;

/** Gives the event loop a turn now and then in a long computation: await the returned function often. */
export function eventLoopTurns(): () => Promise<void> {
  let last = performance.now();
  return async () => {
    if (performance.now() - last <= TURN_MS) return;
    await turn();
    last = performance.now();
  };
}

/** Lets timers, signals and messages be handled; `setTimeout` in a page would wait 4 ms each time. */
function turn(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port2.onmessage = () => {
      port1.close();
      resolve();
    };
    port1.postMessage(undefined);
  });
}
