import { WrongChart } from '../../charts/wrongChart.js';
import { count, DIGITS, finePercent, integer, sumOver } from '../../format.js';
import type { Counts } from '../../lab/views.js';
import { FetchAll, type MnistState } from '../fetchAll.js';

interface CountsTableProps {
  readonly counts: Counts;
  readonly digits: readonly number[];
  readonly mnist: MnistState;
  readonly onCountAll: () => void;
}

/** The wrong answers by digit, as a chart and as numbers. */
export function CountsTable({ counts, digits, mnist, onCountAll }: CountsTableProps) {
  const { images, base, adapted } = counts;
  const row = (label: string, before: string, after: string | undefined) => (
    <tr key={label}>
      <th scope="row">{label}</th>
      <td>{before}</td>
      {after !== undefined && <td>{after}</td>}
    </tr>
  );
  const sum = (wrong: readonly number[]) => integer(sumOver(wrong, DIGITS));
  return (
    <details class="counts-fold">
      <summary>Counts as a table</summary>
      <div class="counts-both">
        <WrongChart base={base.wrong} adapted={adapted?.wrong} digits={digits} />
        <table class="counts">
          <caption>
            Wrong answers to {count(images, 'image')}
            {digits.length > 0 && ', ★ taught'}
          </caption>
          <thead>
            <tr>
              <th scope="col">digit</th>
              <th scope="col">before</th>
              {adapted && <th scope="col">after</th>}
            </tr>
          </thead>
          <tbody>
            {DIGITS.map((digit) =>
              row(
                digits.includes(digit) ? `${digit} ★` : `${digit}`,
                integer(base.wrong[digit]),
                adapted && integer(adapted.wrong[digit]),
              ),
            )}
            {row('all', sum(base.wrong), adapted && sum(adapted.wrong))}
            {row('right', finePercent(base.accuracy), adapted && finePercent(adapted.accuracy))}
          </tbody>
        </table>
      </div>
      <FetchAll label="Count on all 10,000 test images" mnist={mnist} onFetch={onCountAll} />
    </details>
  );
}
