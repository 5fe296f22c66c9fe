import { reasonOf, say } from '../../work.js';

/** Says what went wrong with something that a person began. */
export function caught(work: Promise<unknown>): void {
  work.catch((error: unknown) => say('error', reasonOf(error)));
}
