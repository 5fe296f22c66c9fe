import { WrongChart } from '../charts/wrongChart.js';
import { count, DIGITS, integer, percent, sumOver } from '../format.js';
import { adapter } from '../saved.js';
import { adapterOn, counts } from '../state.js';
import { work } from '../work.js';
import { Panel } from './panel.js';

export function SeePanel() {
  const { base, adapted } = counts.value ?? {};
  const view = adapter.value;
  return (
    <Panel id="see" title="See what was won, and what was forgotten">
      {!base && <p class="hint">The test images are counted as soon as MNIST is here.</p>}
      {base && !view && (
        <p class="hint">Teach it something, and the counts before and after stand here side by side.</p>
      )}
      {view && (
        <>
          <label class="switch">
            <input
              type="checkbox"
              role="switch"
              checked={adapterOn.value}
              aria-checked={adapterOn.value}
              onChange={({ currentTarget: { checked } }) => {
                adapterOn.value = checked;
              }}
            />
            <span>The adapter is {adapterOn.value ? 'on' : 'off'}</span>
          </label>
          {base && adapted && <Verdict base={base.wrong} adapted={adapted.wrong} digits={view.digits} />}
          <p>
            {integer(view.trainable)} numbers were trained, {view.percent.toFixed(2)} % of the base's 235,146
            {view.iterations > 0 && <>, in {count(view.iterations, 'iteration')}</>}.
          </p>
        </>
      )}
      {base && (
        <>
          <WrongChart
            base={base.wrong}
            adapted={view && adapterOn.value ? adapted?.wrong : undefined}
            digits={view?.digits ?? []}
          />
          <Counts base={base} adapted={view && adapted} digits={view?.digits ?? []} />
        </>
      )}
      {work.value === 'testing' && <p class="hint">Counting …</p>}
    </Panel>
  );
}

function Verdict(props: {
  readonly base: readonly number[];
  readonly adapted: readonly number[];
  readonly digits: readonly number[];
}) {
  const { base, adapted, digits } = props;
  const others = DIGITS.filter((digit) => !digits.includes(digit));
  const won = sumOver(base, digits) - sumOver(adapted, digits);
  const forgotten = sumOver(adapted, others) - sumOver(base, others);
  const both =
    digits.length > 0 ? [tile('on the adapted digits', won), tile('on the others', -forgotten)] : [];
  return (
    <div class="verdict" aria-live="polite">
      {both.length > 0 ? both : tile('on all digits', sumOver(base, DIGITS) - sumOver(adapted, DIGITS))}
    </div>
  );
}

/** @param change  images that are right now and were not, less those that were */
function tile(where: string, change: number) {
  const word = change >= 0 ? 'won' : 'forgotten';
  return (
    <p key={where} class={`tile ${change > 0 ? 'good' : change < 0 ? 'bad' : ''}`}>
      <strong>{integer(Math.abs(change))}</strong>
      <span>
        {Math.abs(change) === 1 ? 'image' : 'images'} {word} {where}
      </span>
    </p>
  );
}

function Counts(props: {
  readonly base: { readonly accuracy: number; readonly wrong: readonly number[] };
  readonly adapted: { readonly accuracy: number; readonly wrong: readonly number[] } | undefined;
  readonly digits: readonly number[];
}) {
  const { base, adapted, digits } = props;
  const row = (label: string, before: string, after: string | undefined) => (
    <tr key={label}>
      <th scope="row">{label}</th>
      <td>{before}</td>
      {after !== undefined && <td>{after}</td>}
    </tr>
  );
  return (
    <details>
      <summary>The counts as a table</summary>
      <table class="counts">
        <caption>Wrong answers on the test images{digits.length > 0 && ', * adapted to this digit'}</caption>
        <thead>
          <tr>
            <th scope="col">digit</th>
            <th scope="col">base</th>
            {adapted && <th scope="col">adapted</th>}
          </tr>
        </thead>
        <tbody>
          {DIGITS.map((digit) =>
            row(
              digits.includes(digit) ? `${digit} *` : `${digit}`,
              integer(base.wrong[digit]),
              adapted && integer(adapted.wrong[digit]),
            ),
          )}
          {row(
            'all',
            integer(sumOver(base.wrong, DIGITS)),
            adapted && integer(sumOver(adapted.wrong, DIGITS)),
          )}
          {row('right', percent(base.accuracy), adapted && percent(adapted.accuracy))}
        </tbody>
      </table>
    </details>
  );
}
