/** All settings of a lesson, each with one sentence about it. */
import { useId } from 'preact/hooks';
import type { TeachSettings } from '../../api.js';
import { FIELDS, type Field } from './fields.js';

interface AdvancedProps {
  readonly settings: TeachSettings;
  readonly layers: number | undefined;
  readonly onSettings: (settings: TeachSettings) => void;
}

export function Advanced({ settings, layers, onSettings }: AdvancedProps) {
  const change = (part: Partial<TeachSettings>) => onSettings({ ...settings, ...part });
  return (
    <details class="lm-advanced">
      <summary>Advanced settings</summary>
      <p class="hint">The rate rises over the first tenth of the steps, and then falls to 0.</p>
      <div class="lm-fields">
        {FIELDS.map((field) => (
          <NumberField
            key={field.name}
            field={field}
            value={settings[field.name]}
            onValue={(value) => change({ [field.name]: value })}
          />
        ))}
        <NumberField
          field={{
            ...{ label: 'Last layers only', least: 1, most: layers ?? 999, isWhole: true, mayBeEmpty: true },
            about:
              'Teaches only the last blocks of the model: faster, but it learns less. Leave it empty for all.',
          }}
          value={settings.lastLayers}
          onValue={(lastLayers) => change({ lastLayers })}
        />
        <label class="lm-check">
          <input
            type="checkbox"
            checked={!settings.trainsPrompts}
            onChange={({ currentTarget }) => change({ trainsPrompts: !currentTarget.checked })}
          />
          <span>
            Train on answers only
            <small>
              Prompts are read but not learned. Turn it off, and the model also learns to write prompts like
              yours. A text without a prompt is always trained whole.
            </small>
          </span>
        </label>
        <label class="lm-check">
          <input
            type="checkbox"
            checked={settings.isMemoryTight}
            onChange={({ currentTarget }) => change({ isMemoryTight: currentTarget.checked })}
          />
          <span>
            Memory-tight
            <small>
              Computes each block twice instead of keeping it: slower, but with far less memory. Phones and
              small devices start with it; long rows always have it.
            </small>
          </span>
        </label>
      </div>
    </details>
  );
}

interface NumberFieldProps {
  readonly field: Omit<Field, 'name'>;
  readonly value: number | undefined;
  readonly onValue: (value: number | undefined) => void;
}

function NumberField({ field, value, onValue }: NumberFieldProps) {
  const about = useId();
  return (
    <label class="field lm-field">
      {field.label}
      <input
        type="number"
        inputMode="decimal"
        aria-describedby={about}
        min={field.least}
        max={field.most}
        step={field.isWhole ? 1 : 'any'}
        value={value ?? ''}
        onChange={({ currentTarget }) => {
          const given =
            currentTarget.value === '' && field.mayBeEmpty ? undefined : Number(currentTarget.value);
          if (currentTarget.validity.valid && (currentTarget.value !== '' || field.mayBeEmpty))
            onValue(given);
          // An invalid value does not stay on the screen.
          else currentTarget.value = `${value ?? ''}`;
        }}
      />
      <small id={about}>{field.about}</small>
    </label>
  );
}
