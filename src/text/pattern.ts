/** Regular expressions of a stranger's tokenizer.json: short, and such that matching does not explode. */
import { DataError } from '../base/errors.js';

const MAX_LENGTH = 2000;
const MAX_COUNT = 100;
/** Repetitions one after the other, which may share out the same text in that many ways. */
const MAX_ADJACENT = 3;

/**
 * Checks a pattern before it is compiled. A repeated group must not itself repeat something, counts are small, and an
 * alternative holds few repetitions: matching takes at most the third power of a text's length, never an exponential.
 * @throws DataError
 */
export function checkPattern(pattern: string, where: string): void {
  const refuse = (rule: string) => new DataError(`${where}: ${rule}: ${JSON.stringify(pattern)}`);
  if (pattern.length > MAX_LENGTH)
    throw new DataError(`${where}: pattern must have at most ${MAX_LENGTH} characters: ${pattern.length}`);
  if (/\\[1-9gGkK]/.test(pattern)) throw refuse('pattern must have no references');
  /** Repetitions in the alternative so far, for each open group; and whether the group has any. */
  const open: { count: number; repeats: boolean }[] = [{ count: 0, repeats: false }];
  let closed = { count: 0, repeats: false };
  let isGroup = false;
  for (const token of pattern.match(TOKENS) ?? []) {
    const group = open[open.length - 1];
    const counts = /^\{(\d*),?(\d*)\}/.exec(token);
    if (counts && Math.max(Number(counts[1]), Number(counts[2])) > MAX_COUNT)
      throw refuse(`pattern must count to at most ${MAX_COUNT}`);
    if (token === '(') open.push({ count: 0, repeats: false });
    else if (token === '|') group.count = 0;
    else if (token === ')') {
      closed = open.pop() ?? closed;
      if (open.length === 0) throw refuse('pattern must have its brackets in pairs');
      open[open.length - 1].count += closed.count;
      open[open.length - 1].repeats ||= closed.repeats;
    } else if (/^(?:[*+]|\{.+)$/.test(token)) {
      if (isGroup && closed.repeats)
        throw refuse('pattern must not repeat a group that repeats something itself');
      group.repeats = true;
      if (++group.count > MAX_ADJACENT)
        throw refuse(`pattern must have at most ${MAX_ADJACENT} repetitions in an alternative`);
    }
    isGroup = token === ')';
  }
  if (open.length > 1) throw refuse('pattern must have its brackets in pairs');
}

/** An escape, a class of characters with one inside it at most, a count, or a character. */
const TOKENS =
  /\\[pPx]\{[^}]*\}|\\[\s\S]|\[(?:\\[\s\S]|\[(?:\\[\s\S]|[^\]\\])*\]|[^\]\\[])*\]|\{\d*,?\d*\}|[\s\S]/g;
