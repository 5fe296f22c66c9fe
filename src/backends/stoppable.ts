/** Work on a device that may be left in the middle. */
import { pollOf } from '../base/polledSignal.js';
import type { Backend } from './backend.js';

/**
 * Runs `body`, which only makes what nobody needs where it is left: once a polled signal comes, its other kernel calls are left
 * out. Memory is allocated and freed all the same, so that nothing is lost.
 * @returns whether all calls were made, which holds for every other signal
 */
export function unlessStopped(device: Backend, signal: AbortSignal | undefined, body: () => void): boolean {
  const isStopped = pollOf(signal);
  if (isStopped?.()) return false;
  if (isStopped && device.runUnless) return device.runUnless(isStopped, body);
  body();
  return true;
}
