/** Base, adapted and switched off, digit by digit, side by side. */
import { integer, percent, signed } from './format.js';
import type { MnistRun } from './mnist.js';
import type { Paint, Style } from './paint.js';
import type { AdaptedResult } from './report.js';
import { groupedTable } from './table.js';

/** Widths inside a method's column: wrong, (change), off. */
const WIDTHS = [7, 9, 8] as const;
const METHOD_WIDTH = 1 + WIDTHS[0] + WIDTHS[1] + WIDTHS[2];

/** The sum over some digits. */
export function sumOver(counts: readonly number[], digits: readonly number[]): number {
  return digits.reduce((sum, digit) => sum + counts[digit], 0);
}

/** Rows for each digit, for the sums over the adapted digits and over the others, and for the accuracy. */
export function scoreTable(run: MnistRun, adapted: readonly AdaptedResult[], paint: Paint): string {
  const { summary, digits } = run;
  const all = [...summary.base.wrong.keys()];
  const others = all.filter((digit) => !digits.includes(digit));
  const countRow = (label: string, of: readonly number[]) => [
    label,
    integer(sumOver(run.images, of)),
    integer(sumOver(summary.base.wrong, of)),
    ...adapted.map(({ result }) => {
      const [before, after, off] = [summary.base.wrong, result.adapted.wrong, result.disabled.wrong];
      const change = sumOver(after, of) - sumOver(before, of);
      return cell(integer(sumOver(after, of)), signed(change), integer(sumOver(off, of)), -change, paint);
    }),
  ];
  const heading = ['digit', 'images', 'base', ...adapted.map(() => columns('adapted', '', 'off'))];
  const names = ['', '', '', ...adapted.map(({ method }) => centre(method, paint))];
  const sums = [countRow('all *', digits)];
  if (others.length > 0) sums.push(countRow('all others', others));
  return groupedTable([
    [names, heading],
    all.map((digit) => countRow(digits.includes(digit) ? paint('bold', `${digit} *`) : `${digit}`, [digit])),
    [...sums, accuracyRow(run, adapted, paint)],
  ]);
}

function accuracyRow(
  { summary, images }: MnistRun,
  adapted: readonly AdaptedResult[],
  paint: Paint,
): string[] {
  const before = summary.base.accuracy;
  return [
    'accuracy',
    integer(images.reduce((sum, each) => sum + each, 0)),
    percent(before),
    ...adapted.map(({ result }) => {
      const change = result.adapted.accuracy - before;
      const texts = [percent(result.adapted.accuracy), signed(100 * change, 2)] as const;
      return cell(...texts, percent(result.disabled.accuracy), change, paint);
    }),
  ];
}

/** `79 (−68) 147`; the change is green when it is for the better, red when for the worse. */
function cell(after: string, change: string, off: string, better: number, paint: Paint): string {
  const style: Style = better > 0 ? 'green' : better < 0 ? 'red' : 'dim';
  return columns(after, `(${change})`, off, (text) => paint(style, text));
}

function columns(after: string, change: string, off: string, painted = (text: string) => text): string {
  return `${after.padStart(WIDTHS[0])} ${painted(change.padStart(WIDTHS[1]))}${off.padStart(WIDTHS[2])}`;
}

function centre(text: string, paint: Paint): string {
  const right = Math.floor((METHOD_WIDTH - text.length) / 2);
  return paint('bold', text.padStart(METHOD_WIDTH - right).padEnd(METHOD_WIDTH));
}
