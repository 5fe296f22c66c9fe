import { about } from '../../duration.js';
import { EFFORT_NAMES, EFFORTS, type Effort } from '../../efforts.js';

/** Seconds by effort, as far as they are known, and those of the settings in force. */
export interface Estimate {
  readonly byEffort: Readonly<Partial<Record<Effort, number>>>;
  readonly chosen: number | undefined;
}

interface EffortChoiceProps {
  readonly effort: Effort | undefined;
  readonly estimate: Estimate;
  readonly onEffort: (effort: Effort) => void;
}

/** From here on it is said that this is long, and what helps. */
const LONG_SECONDS = 300;

export function EffortChoice({ effort, estimate, onEffort }: EffortChoiceProps) {
  return (
    <fieldset class="lm-efforts">
      <legend>How long may it learn?</legend>
      {EFFORTS.map((each) => {
        const seconds = estimate.byEffort[each];
        return (
          <label key={each} class="lm-effort">
            <input type="radio" name="effort" checked={each === effort} onChange={() => onEffort(each)} />
            <span>
              {EFFORT_NAMES[each]}
              {seconds !== undefined && <small>{about(seconds)}</small>}
            </span>
          </label>
        );
      })}
      <p class="hint lm-estimate">{estimateSentence(effort, estimate.chosen)}</p>
    </fieldset>
  );
}

export function estimateSentence(effort: Effort | undefined, seconds: number | undefined): string {
  const own = effort ? '' : 'Your own settings: ';
  if (seconds === undefined) return `${own}${own ? 't' : 'T'}he time is measured when you start.`;
  const said = `${own}${about(seconds)} on this device.`;
  const sentence = said[0].toUpperCase() + said.slice(1);
  return seconds > LONG_SECONDS
    ? `${sentence} Keep the screen on; teaching only the last 8 layers is faster.`
    : sentence;
}
