/** The results of a preset's checks before and after a lesson. */
import { CHECK_WORDS, type Check, isRightOrder, passes } from './checks.js';

/** The answers to a check; undefined if it was not asked, or the answer was interrupted. */
export interface Checked {
  readonly check: Check;
  readonly before: string | undefined;
  readonly after: string | undefined;
}

/** Number of right answers among the checks that were answered both before and after. */
export interface Tally {
  /** What is counted: `facts repeated word for word`. */
  readonly name: string;
  readonly before: number;
  readonly after: number;
  readonly of: number;
}

const RIGHT_ORDERS = 'new orders with exactly what was said';

/** A tally for each kind of check; orders have another one for those that are right, not only valid. */
export function talliesOf(checked: readonly Checked[]): readonly Tally[] {
  const both = checked.filter(({ before, after }) => before !== undefined && after !== undefined);
  const kinds = [...new Set(both.map(({ check }) => check.kind))];
  return kinds.flatMap((kind) => {
    const ofKind = both.filter(({ check }) => check.kind === kind);
    const valid = tally(CHECK_WORDS[kind], ofKind, passes);
    if (kind !== 'order') return [valid];
    return [valid, tally(RIGHT_ORDERS, ofKind, isRight)];
  });
}

function tally(
  name: string,
  checked: readonly Checked[],
  isPassed: (check: Check, answer: string) => boolean,
): Tally {
  const count = (side: 'before' | 'after') =>
    checked.filter((each) => isPassed(each.check, each[side] ?? '')).length;
  return { name, before: count('before'), after: count('after'), of: checked.length };
}

function isRight(check: Check, answer: string): boolean {
  return check.kind === 'order' && isRightOrder(check.order, answer);
}

const ASKED: Readonly<Record<Check['kind'], readonly [one: string, many: string]>> = {
  repeats: ['fact', 'facts'],
  says: ['reworded question', 'reworded questions'],
  short: ['new question', 'new questions'],
  order: ['held-out order', 'held-out orders'],
};

/** `10 held-out orders`, `24 facts and 6 reworded questions`. */
export function askedWords(checks: readonly Pick<Check, 'kind'>[]): string {
  const kinds = [...new Set(checks.map(({ kind }) => kind))];
  const counted = kinds.map((kind) => {
    const count = checks.filter((each) => each.kind === kind).length;
    return `${count} ${ASKED[kind][count === 1 ? 0 : 1]}`;
  });
  return counted.join(' and ');
}
