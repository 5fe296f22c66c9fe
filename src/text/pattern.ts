/** Limits on regular expressions from an untrusted tokenizer.json: they must be short, with bounded matching time. */
import { DataError } from '../base/errors.js';

const MAX_LENGTH = 2000;
const MAX_COUNT = 100;
/** Limits for one alternative: repetitions divide the same text, and options and choices double the ways to match it. */
const [MAX_REPETITIONS, MAX_OPTIONS] = [2, 4];
/** Maximum number of alternatives in all groups. */
const MAX_CHOICES = 32;

/** The contents of an alternative so far, and of its group. */
interface Group {
  repetitions: number;
  options: number;
  most: { repetitions: number; options: number };
  hasChoice: boolean;
}

const newGroup = (): Group => ({
  repetitions: 0,
  options: 0,
  most: { repetitions: 0, options: 0 },
  hasChoice: false,
});

/**
 * Checks a pattern before it is compiled. A repeated group must not itself repeat something, counts are small, and an
 * alternative holds few repetitions and options: the time of a match grows at most with the square of the text's length.
 * @throws DataError for a pattern that exceeds a limit
 */
export function checkPattern(pattern: string, where: string): void {
  const refuse = (rule: string) =>
    new DataError(`${where}: pattern must ${rule}: ${JSON.stringify(pattern)}`);
  if (pattern.length > MAX_LENGTH)
    throw new DataError(`${where}: pattern must have at most ${MAX_LENGTH} characters: ${pattern.length}`);
  if (/\\[1-9gGkK]/.test(pattern)) throw refuse('have no references');
  const open = [newGroup()];
  let [closed, before, choices]: [Group | undefined, string, number] = [undefined, '', 0];
  for (const token of pattern.match(TOKENS) ?? []) {
    const group = open[open.length - 1];
    if (Math.max(0, ...Array.from(token.matchAll(/^\{(\d*),?(\d*)\}$/g), countOf)) > MAX_COUNT)
      throw refuse(`count to at most ${MAX_COUNT}`);
    let ended: Group | undefined;
    if (token === '(') open.push(newGroup());
    else if (token === '|') {
      endAlternative(group);
      group.hasChoice = true;
      if (open.length > 1 && ++choices > MAX_CHOICES)
        throw refuse(`have at most ${MAX_CHOICES} choices in groups`);
    } else if (token === ')') {
      endAlternative(group);
      ended = open.pop();
      const outer = open.at(-1);
      if (!outer) throw refuse('have its brackets in pairs');
      outer.repetitions += group.most.repetitions;
      outer.options += group.most.options + (group.hasChoice ? 1 : 0);
    } else if (isRepetition(token) && !isQuantifier(before)) {
      if (closed && closed.most.repetitions > 0)
        throw refuse('not repeat a group that repeats something itself');
      if (closed?.hasChoice || (closed && closed.most.options > 0))
        throw refuse('not repeat a group that has a choice');
      group.repetitions++;
    } else if (token === '?' && before !== '(' && !isQuantifier(before)) group.options++;
    const { repetitions, options } = open[open.length - 1];
    if (repetitions > MAX_REPETITIONS)
      throw refuse(`have at most ${MAX_REPETITIONS} repetitions in an alternative`);
    if (options > MAX_OPTIONS) throw refuse(`have at most ${MAX_OPTIONS} options in an alternative`);
    [closed, before] = [ended, token];
  }
  if (open.length > 1) throw refuse('have its brackets in pairs');
}

const countOf = ([, least, most]: RegExpMatchArray) => Math.max(Number(least), Number(most));
const isRepetition = (token: string) => /^(?:[*+]|\{.+)$/.test(token);
const isQuantifier = (token: string) => token === '?' || isRepetition(token);

function endAlternative(group: Group): void {
  group.most.repetitions = Math.max(group.most.repetitions, group.repetitions);
  group.most.options = Math.max(group.most.options, group.options);
  group.repetitions = 0;
  group.options = 0;
}

/** Matches an escape, a character class with at most one nested class, a count, or a character. */
const TOKENS =
  /\\[pPx]\{[^}]*\}|\\[\s\S]|\[(?:\\[\s\S]|\[(?:\\[\s\S]|[^\]\\])*\]|[^\]\\[])*\]|\{\d*,?\d*\}|[\s\S]/g;
