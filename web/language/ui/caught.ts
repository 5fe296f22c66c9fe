import { reasonOf, say } from '../../work.js';

/** Shows an error of work that the visitor started. */
export function caught(work: Promise<unknown>): void {
  work.catch((error: unknown) => say('error', reasonOf(error)));
}
