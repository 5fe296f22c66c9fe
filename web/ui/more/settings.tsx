/** The settings of a lesson. */
import { putDefaultsBack, teachAgain } from '../../actions.js';
import { areDefaults, obstacle, type Settings, settings } from '../../teachSettings.js';
import { busy } from '../../work.js';
import { Training } from '../training.js';

/** All settings except the share of old digits, which has its own place on the page. */
type NumberSetting = Exclude<keyof Settings, 'replay'>;

interface Field {
  readonly name: NumberSetting;
  readonly label: string;
  readonly hint: string;
  readonly min: number;
  readonly max: number;
  readonly step: number | 'any';
}

const FIELDS: readonly Field[] = [
  { name: 'rank', label: 'Rank', hint: 'the size of the adapter', min: 1, max: 64, step: 1 },
  {
    ...{ name: 'alpha', label: 'Alpha', hint: 'strength of the change: alpha ÷ rank' },
    ...{ min: 0.1, max: 128, step: 'any' },
  },
  {
    ...{ name: 'learningRate', label: 'Learning rate', hint: 'the size of a step' },
    ...{ min: 0.00001, max: 0.1, step: 'any' },
  },
  {
    ...{ name: 'iterations', label: 'Training steps', hint: '10 images each' },
    ...{ min: 1, max: 20000, step: 1 },
  },
];

export function TeachSettings() {
  const why = obstacle.value;
  const canTeach = !busy.value && why === undefined;
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (canTeach) void teachAgain();
      }}
    >
      <p class="hint">
        Each drawing is practised as it is and moved by one pixel to either side, up and down.
      </p>
      <div class="settings">
        {FIELDS.map((field) => (
          <NumberField key={field.name} {...field} />
        ))}
      </div>
      <div class="row">
        <button type="submit" class="primary" aria-disabled={!canTeach}>
          Teach again with these
        </button>
        {!areDefaults.value && (
          <button type="button" class="quiet" onClick={putDefaultsBack}>
            Reset the settings
          </button>
        )}
        {why && <p class="hint">{why}</p>}
      </div>
      <Training of="teaching" />
    </form>
  );
}

function NumberField({ name, label, hint, ...limits }: Field) {
  const id = `setting-${name}`;
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <input
        id={id}
        aria-describedby={`${id}-hint`}
        type="number"
        required
        {...limits}
        value={settings.value[name]}
        onInput={({ currentTarget: { valueAsNumber } }) => {
          if (Number.isFinite(valueAsNumber)) settings.value = { ...settings.value, [name]: valueAsNumber };
        }}
      />
      <small id={`${id}-hint`}>{hint}</small>
    </div>
  );
}
