/** The maximum length of an example, for the commands on examples. */
import { UsageError } from '../errors.js';

/** The limit where `--max-length` is not given and the context is longer. */
const DEFAULT = 1024;

/** @throws UsageError for more than the context */
export function maxLengthOf(given: number | undefined, contextLength: number): number {
  if (given === undefined) return Math.min(contextLength, DEFAULT);
  if (given <= contextLength) return given;
  throw new UsageError(`--max-length: must be at most the model's context, ${contextLength}: ${given}`);
}
