/** What changed between Before and After, image by image and in total, in numbers and words. */
import { count, DIGITS, integer, listOf, percent, sumOver } from '../../format.js';
import type { Counts, LabelledImages, Scores } from '../../lab/views.js';

export type Fate = 'right' | 'wrong' | 'forgotten' | 'learned';

export interface TestImage {
  /** Position among all the test images. */
  readonly place: number;
  readonly before: number;
  /** Undefined if only Before is shown. */
  readonly after: number | undefined;
  readonly fate: Fate;
}

/** The test images of one digit. */
export interface Row {
  readonly digit: number;
  readonly images: readonly TestImage[];
}

/** Groups the images by digit. @param answers  the answers to each of them */
export function rowsOf(labels: LabelledImages['labels'], answers: Counts['answers']): Row[] {
  const rows = DIGITS.map((digit) => ({ digit, images: [] as TestImage[] }));
  for (const [place, label] of labels.entries()) {
    const [before, after] = [answers.base[place], answers.adapted?.[place]];
    rows[label].images.push({ place, before, after, fate: fateOf(label, before, after ?? before) });
  }
  return rows;
}

function fateOf(label: number, before: number, after: number): Fate {
  if (before === label) return after === label ? 'right' : 'forgotten';
  return after === label ? 'learned' : 'wrong';
}

export const countOf = ({ images }: Row, fate: Fate) => images.filter((each) => each.fate === fate).length;

/** `12 forgotten, 3 learned`; with only Before: `9 misread`. */
export function rowWords(row: Row): string {
  const [forgotten, learned, wrong] = [
    countOf(row, 'forgotten'),
    countOf(row, 'learned'),
    countOf(row, 'wrong'),
  ];
  if (row.images.every(({ after }) => after === undefined))
    return wrong > 0 ? `${wrong} misread` : 'all right';
  const words = [forgotten > 0 && `${forgotten} forgotten`, learned > 0 && `${learned} learned`];
  return words.filter(Boolean).join(', ') || 'no change';
}

const FATES = {
  right: 'right both times',
  wrong: 'wrong both times',
  forgotten: 'forgotten',
  learned: 'learned',
};

/** What became of an image; with only Before, `right` or `wrong`. */
export const fateWords = ({ after, fate }: TestImage) => (after === undefined ? fate : FATES[fate]);

/** `Before: 8, After: 0, forgotten`. */
export function imageWords(image: TestImage): string {
  const { before, after } = image;
  const now = after === undefined ? '' : `, After: ${after}`;
  return `Before: ${before}${now}, ${fateWords(image)}`;
}

/** The change in the number of right answers on some digits. */
export interface Change {
  readonly count: number;
  readonly isMore: boolean;
  /** `more right on 0`, after the number. */
  readonly words: string;
}

/** Changes on the taught digits and on the others, or on all digits if it is not known which were taught. */
export function changesOf(base: Scores, adapted: Scores, taught: readonly number[]): Change[] {
  const others = DIGITS.filter((digit) => !taught.includes(digit));
  if (taught.length === 0 || others.length === 0) return [changeOn(DIGITS, 'all digits', base, adapted)];
  return [changeOn(taught, listOf(taught), base, adapted), changeOn(others, 'the others', base, adapted)];
}

function changeOn(digits: readonly number[], where: string, base: Scores, adapted: Scores): Change {
  const by = sumOver(base.wrong, digits) - sumOver(adapted.wrong, digits);
  const isMore = by > 0;
  // For a change of 0, digits that were not taught say "0 fewer", taught ones "0 more".
  const word = isMore || (by === 0 && where !== 'the others') ? 'more' : 'fewer';
  return { count: Math.abs(by), isMore, words: `${word} right on ${where}` };
}

/** The share of all test images that it reads right, in words. */
export function totalWords({ images, base, adapted }: Counts): string {
  const of = `of ${count(images, 'test image')} right`;
  if (!adapted)
    return `It misreads ${integer(sumOver(base.wrong, DIGITS))} of ${count(images, 'test image')}.`;
  const [before, after] = [percent(base.accuracy), percent(adapted.accuracy)];
  if (before === after) return `It still reads ${after} ${of}, as before.`;
  const still = adapted.accuracy < base.accuracy ? 'still ' : '';
  return `It ${still}reads ${after} ${of} (before: ${before}).`;
}
