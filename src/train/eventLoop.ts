import { eventLoopTurn } from '../backends/ownership.js';

/** Milliseconds after which the event loop gets a turn, so that a page can draw and a signal can arrive. */
const TURN_MS = 20;

/** Gives the event loop a turn now and then in a long computation: await the returned function often. */
export function eventLoopTurns(): () => Promise<void> {
  let last = performance.now();
  return async () => {
    if (performance.now() - last <= TURN_MS) return;
    await eventLoopTurn();
    last = performance.now();
  };
}
