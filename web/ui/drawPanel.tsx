import { signal } from '@preact/signals';
import { keepDrawing } from '../actions.js';
import { DIGITS, percent } from '../format.js';
import { adapter } from '../saved.js';
import { adapterOn, drawn, prediction, ready } from '../state.js';
import { work } from '../work.js';
import { Pad } from './pad.js';
import { Panel } from './panel.js';
import { Thumbnail } from './thumbnail.js';

const sheet = signal(0);

function clear(): void {
  drawn.value = undefined;
  prediction.value = undefined;
  sheet.value += 1;
}

const show = (pixels: Uint8Array | undefined) => {
  drawn.value = pixels;
};

function keepAs(label: number): void {
  const pixels = drawn.value;
  if (!pixels) return;
  void keepDrawing({ pixels, label });
  clear();
}

export function DrawPanel() {
  const pixels = drawn.value;
  return (
    <Panel id="draw" step={2} title="Draw a digit">
      <div class="drawing">
        <div class="pad-column">
          <Pad sheet={sheet.value} onDrawn={show} />
          <div class="row">
            <button type="button" onClick={clear} disabled={!pixels}>
              Clear
            </button>
            {pixels && (
              <Thumbnail pixels={pixels} label="Your drawing as the network sees it, 28 by 28 pixels" />
            )}
          </div>
        </div>
        <Probabilities />
      </div>
      <fieldset class="keep">
        <legend>Keep the drawing as an example of</legend>
        {DIGITS.map((digit) => (
          <button
            key={digit}
            type="button"
            class="digit"
            aria-label={`Keep as ${digit}`}
            disabled={!pixels}
            onClick={() => keepAs(digit)}
          >
            {digit}
          </button>
        ))}
      </fieldset>
    </Panel>
  );
}

/** What the networks think of the drawing, digit by digit; one that learns is asked while it does. */
function Probabilities() {
  const { base, adapted, candidate } = prediction.value ?? {};
  const learns = work.value === 'teaching' && adapted !== undefined;
  const usesAdapted = adapted !== undefined && (learns || adapterOn.value);
  const answer = answerOf(usesAdapted ? adapted : base);
  const who = learns ? 'While it learns, it' : usesAdapted ? 'With your adapter it' : 'The base';
  const columns: [name: string, kind: 'base' | 'adapted', values: readonly number[] | undefined][] = [
    ['base', 'base', base],
  ];
  if (adapter.value || adapted) columns.push(['adapted', 'adapted', adapted]);
  if (candidate) columns.push(['new', 'adapted', candidate]);
  return (
    <div class="probabilities">
      <p class="answer" aria-live="polite">
        {!base ? (
          <span class="hint">{hintNow()}</span>
        ) : answer === undefined ? (
          <>{who} cannot tell: several digits are equally likely.</>
        ) : (
          <>
            {who} reads <strong>{answer}</strong>
          </>
        )}
      </p>
      <table>
        <thead>
          <tr>
            <th scope="col">digit</th>
            {columns.map(([name]) => (
              <th key={name} scope="col">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {DIGITS.map((digit) => (
            <tr key={digit} class={digit === answer ? 'best' : ''}>
              <th scope="row">{digit}</th>
              {columns.map(([name, kind, values]) => (
                <Bar key={name} value={values?.[digit]} kind={kind} />
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function hintNow(): string {
  if (!drawn.value) return 'Draw, and see what the network reads.';
  return ready.value ? 'Reading …' : 'The network is not loaded yet.';
}

/** The most likely digit; undefined where several are. */
function answerOf(probabilities: readonly number[] | undefined): number | undefined {
  if (!probabilities) return undefined;
  const most = Math.max(...probabilities);
  const likely = DIGITS.filter((digit) => probabilities[digit] > most - 1e-6);
  return likely.length === 1 ? likely[0] : undefined;
}

function Bar({ value, kind }: { readonly value: number | undefined; readonly kind: 'base' | 'adapted' }) {
  return (
    <td class={`bar ${kind}`}>
      <span class="fill" style={{ width: `${100 * (value ?? 0)}%` }} />
      <span class="number">{value === undefined ? '–' : percent(value)}</span>
    </td>
  );
}
