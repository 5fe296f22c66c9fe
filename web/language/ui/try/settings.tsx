import { useId } from 'preact/hooks';

export interface AnswerSettings {
  /** 0 is the base, 1 the adapter as it was taught. */
  readonly strength: number;
  readonly temperature: number;
  /** Tokens. */
  readonly maxTokens: number;
}

interface SettingsProps {
  readonly settings: AnswerSettings;
  readonly hasAdapter: boolean;
  readonly onSettings: (settings: AnswerSettings) => void;
}

const LENGTHS = [32, 128, 512];

export function Settings({ settings, hasAdapter, onSettings }: SettingsProps) {
  const percent = Math.round(100 * settings.strength);
  const about = useId();
  const change = (part: Partial<AnswerSettings>) => onSettings({ ...settings, ...part });
  return (
    <div class="lm-settings">
      <label class="lm-strength">
        <span>
          Strength of the adapter: <strong>{percent} %</strong>
        </span>
        <input
          type="range"
          min={0}
          max={150}
          step={5}
          value={percent}
          aria-disabled={!hasAdapter}
          aria-valuetext={`${percent} %`}
          aria-describedby={about}
          onInput={({ currentTarget }) => {
            if (hasAdapter) change({ strength: Number(currentTarget.value) / 100 });
            else currentTarget.value = `${percent}`;
          }}
        />
        <small id={about}>
          {hasAdapter ? 'It applies from the next answer.' : 'There is no adapter yet.'}
        </small>
      </label>
      <label class="field">
        Temperature
        <select
          value={String(settings.temperature)}
          onChange={({ currentTarget }) => change({ temperature: Number(currentTarget.value) })}
        >
          <option value="0">0: likeliest</option>
          <option value="0.7">0.7: varied</option>
        </select>
      </label>
      <label class="field">
        Longest answer
        <select
          value={String(settings.maxTokens)}
          onChange={({ currentTarget }) => change({ maxTokens: Number(currentTarget.value) })}
        >
          {LENGTHS.map((length) => (
            <option key={length} value={String(length)}>{`${length} tokens`}</option>
          ))}
        </select>
      </label>
    </div>
  );
}
