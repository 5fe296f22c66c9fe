import { signal } from '@preact/signals';
import { adapter, adapterOn, drawings, drawn, prediction, setDrawings } from '../state.js';
import { DIGITS, percent } from './format.js';
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
  void setDrawings([...drawings.value, { pixels, label }]);
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

/** What base and adapted model think of the drawing, digit by digit. */
function Probabilities() {
  const { base, adapted } = prediction.value ?? {};
  const uses = adapted && adapterOn.value ? adapted : base;
  const answer = uses?.indexOf(Math.max(...uses));
  return (
    <div class="probabilities">
      <p class="answer" aria-live="polite">
        {answer === undefined ? (
          <span class="hint">Draw, and see what the network reads.</span>
        ) : (
          <>
            {uses === adapted ? 'With your adapter it' : 'The base'} reads <strong>{answer}</strong>
          </>
        )}
      </p>
      <table>
        <thead>
          <tr>
            <th scope="col">digit</th>
            <th scope="col">base</th>
            {adapter.value && <th scope="col">adapted</th>}
          </tr>
        </thead>
        <tbody>
          {DIGITS.map((digit) => (
            <tr key={digit} class={digit === answer ? 'best' : ''}>
              <th scope="row">{digit}</th>
              <Bar value={base?.[digit]} kind="base" />
              {adapter.value && <Bar value={adapted?.[digit]} kind="adapted" />}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Bar({ value, kind }: { readonly value: number | undefined; readonly kind: 'base' | 'adapted' }) {
  return (
    <td class={`bar ${kind}`}>
      <span class="fill" style={{ width: `${100 * (value ?? 0)}%` }} />
      <span class="number">{value === undefined ? '–' : percent(value)}</span>
    </td>
  );
}
