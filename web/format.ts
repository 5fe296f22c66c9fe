/** Numbers as the page shows them. */

const INTEGER = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });

export const integer = (value: number) => INTEGER.format(value);

/** Of a fraction: `89.52 %`. */
export const percent = (fraction: number) => `${Math.round(100 * fraction)} %`;

/** `1 image`, `2 images`. */
export const count = (value: number, word: string) => `${integer(value)} ${word}${value === 1 ? '' : 's'}`;

export const sumOver = (counts: readonly number[], digits: readonly number[]) =>
  digits.reduce((sum, digit) => sum + counts[digit], 0);

export const DIGITS: readonly number[] = [...Array(10).keys()];
