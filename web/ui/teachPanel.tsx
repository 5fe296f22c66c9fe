import { computed } from '@preact/signals';
import { deleteDrawings, teach } from '../actions.js';
import { drawings } from '../drawings.js';
import { count, DIGITS } from '../format.js';
import type { TeachOptions } from '../lab/teaching.js';
import { hasMnist, ready } from '../state.js';
import {
  areDefaults,
  digits,
  resetSettings,
  type Settings,
  type Source,
  settings,
  source,
} from '../teachSettings.js';
import { busy } from '../work.js';
import { Panel } from './panel.js';
import { Thumbnail } from './thumbnail.js';
import { Training } from './training.js';

type Setting = keyof Settings;

/** Why teaching cannot begin; undefined when it can. */
const obstacle = computed(() => {
  if (!ready.value) return 'The network is not loaded yet.';
  if (source.value === 'drawings' && drawings.value.length === 0) return 'Draw something above and keep it.';
  if (source.value === 'digits' && digits.value.length === 0) return 'Choose at least one digit.';
  if (hasMnist.value) return undefined;
  if (source.value === 'digits')
    return 'The digits of MNIST are not loaded yet. Your own drawings do not need them.';
  if (settings.value.replay > 0)
    return 'Old examples come from MNIST, which is not loaded yet. Without replay you need not wait.';
  return undefined;
});

const canTeach = computed(() => !busy.value && obstacle.value === undefined);

function optionsNow(): TeachOptions {
  const what = source.value === 'drawings' ? { drawings: drawings.value } : { digits: digits.value };
  return { what, ...settings.value, replay: settings.value.replay / 100 };
}

export function TeachPanel() {
  return (
    <Panel id="teach" step={3} title="Teach it">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (canTeach.value) void teach(optionsNow());
        }}
      >
        <fieldset class="source">
          <legend>What to learn</legend>
          <Choice value="digits">Digits of MNIST</Choice>
          <Choice value="drawings">My drawings ({drawings.value.length})</Choice>
        </fieldset>
        {source.value === 'digits' ? <Digits /> : <Drawings />}
        <div class="settings">
          <NumberField name="rank" label="Rank" min={1} max={64} step={1} hint="more can learn more" />
          <NumberField
            name="alpha"
            label="Alpha"
            min={0.1}
            max={128}
            step="any"
            hint="scales the update, over rank"
          />
          <NumberField
            name="learningRate"
            label="Learning rate"
            min={0.00001}
            max={0.1}
            step="any"
            hint="Adam's"
          />
          <NumberField
            name="iterations"
            label="Iterations"
            min={1}
            max={20000}
            step={1}
            hint="of 10 images"
          />
          <Replay />
        </div>
        <div class="row">
          <button type="submit" class="primary" aria-disabled={!canTeach.value}>
            Teach
          </button>
          {!areDefaults.value && (
            <button type="button" class="quiet" onClick={resetSettings}>
              Reset the settings
            </button>
          )}
          {obstacle.value && <p class="hint">{obstacle.value}</p>}
        </div>
      </form>
      <Training of="teaching" />
    </Panel>
  );
}

function Choice({
  value,
  children,
}: {
  readonly value: Source;
  readonly children: preact.ComponentChildren;
}) {
  return (
    <label>
      <input
        type="radio"
        name="source"
        value={value}
        checked={source.value === value}
        onChange={() => {
          source.value = value;
        }}
      />
      <span>{children}</span>
    </label>
  );
}

function Digits() {
  const toggle = (digit: number) => {
    const without = digits.value.filter((each) => each !== digit);
    digits.value = without.length < digits.value.length ? without : [...without, digit].sort();
  };
  return (
    <fieldset class="digits">
      <legend>Digits to adapt to; the others may be forgotten</legend>
      {DIGITS.map((digit) => (
        <label key={digit} class="digit">
          <input type="checkbox" checked={digits.value.includes(digit)} onChange={() => toggle(digit)} />
          <span>{digit}</span>
        </label>
      ))}
    </fieldset>
  );
}

function Drawings() {
  const all = drawings.value;
  if (all.length === 0) return <p class="hint">No drawings are kept yet.</p>;
  return (
    <div>
      <ul class="drawings" aria-label="Kept drawings">
        {all.map((each, i) => (
          // Drawings have no names; their places are all there is.
          <li key={i}>
            <Thumbnail pixels={each.pixels} label={`Drawing of ${each.label}`} />
            <span>{each.label}</span>
            <button
              type="button"
              class="quiet"
              aria-label={`Delete drawing ${i + 1}, a ${each.label}`}
              onClick={() => void deleteDrawings([each])}
            >
              ✕
            </button>
          </li>
        ))}
      </ul>
      <div class="row">
        <button type="button" class="quiet" onClick={() => void deleteDrawings(all.slice(-1))}>
          Delete the last
        </button>
        <button type="button" class="quiet" onClick={() => void deleteDrawings(all)}>
          Delete {count(all.length, 'drawing')}
        </button>
      </div>
    </div>
  );
}

function NumberField(props: {
  readonly name: Exclude<Setting, 'replay'>;
  readonly label: string;
  readonly min: number;
  readonly max: number;
  readonly step: number | 'any';
  readonly hint: string;
}) {
  const { name, label, hint, ...limits } = props;
  return (
    <label class="field">
      <span>{label}</span>
      <input
        type="number"
        required
        {...limits}
        value={settings.value[name]}
        onInput={({ currentTarget: { valueAsNumber } }) => {
          if (Number.isFinite(valueAsNumber)) settings.value = { ...settings.value, [name]: valueAsNumber };
        }}
      />
      <small>{hint}</small>
    </label>
  );
}

function Replay() {
  const { replay } = settings.value;
  return (
    <label class="field wide">
      <span>
        Replay of old examples: <strong>{replay} %</strong>
      </span>
      <input
        type="range"
        min={0}
        max={90}
        step={5}
        value={replay}
        aria-valuetext={`${replay} percent`}
        onInput={({ currentTarget: { valueAsNumber } }) => {
          settings.value = { ...settings.value, replay: valueAsNumber };
        }}
      />
      <small>mixed in, they keep the network from forgetting</small>
    </label>
  );
}
