/** Numbers as the page shows them. */

const INTEGER = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });

export const integer = (value: number) => INTEGER.format(value);

/** A fraction in whole percent, as precise as these numbers are: `92 %`, and `<1 %` for a small fraction above 0. */
export const percent = (fraction: number) =>
  fraction > 0 && fraction < 0.005 ? '<1 %' : `${Math.round(100 * fraction)} %`;

/** A fraction as precise as a table requires: `91.15 %`. */
export const finePercent = (fraction: number) => `${(100 * fraction).toFixed(2)} %`;

/**
 * The probability of a digit in words. The network cuts its logits off at 0, so all digits without a score tie for last
 * place with the same probability. That number means nothing, so they get a dash.
 */
export function shareText(probabilities: readonly number[], digit: number): string {
  const least = Math.min(...probabilities);
  const tied = probabilities.filter((each) => each === least).length > 1;
  return tied && probabilities[digit] === least ? '–' : percent(probabilities[digit]);
}

/** `1 image`, `2 images`. */
export const count = (value: number, word: string) => `${integer(value)} ${word}${value === 1 ? '' : 's'}`;

/** Megabytes without the unit: `1.6`. */
export const megabytes = (bytes: number) => (bytes / 1e6).toFixed(1);

export const sumOver = (counts: readonly number[], digits: readonly number[]) =>
  digits.reduce((sum, digit) => sum + counts[digit], 0);

export const DIGITS: readonly number[] = [...Array(10).keys()];

/** `0`, `2 and 5`, `2, 3 and 5`. */
export const listOf = (digits: readonly number[]) => LIST.format(digits.map(String));

const LIST = new Intl.ListFormat('en-GB');
