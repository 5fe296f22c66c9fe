import { about } from '../../duration.js';
import { EFFORT_NAMES, EFFORTS, type Effort, FEWER_LAYERS, LONG_SECONDS } from '../../efforts.js';
import { estimateSentence } from './words.js';

/** Known seconds by effort, and those of the current settings. */
export interface Estimate {
  readonly byEffort: Readonly<Partial<Record<Effort | 'suggested', number>>>;
  readonly chosen: number | undefined;
}

interface EffortChoiceProps {
  /** Undefined for the visitor's own settings. */
  readonly effort: Effort | 'suggested' | undefined;
  /** Whether the chosen set of examples has recommended settings. */
  readonly hasSuggested: boolean;
  readonly estimate: Estimate;
  readonly lastLayers: number | undefined;
  /** Seconds with all layers, if fewer were chosen to save time. */
  readonly insteadOf: number | undefined;
  /** Whether memory is spared because this device is small. */
  readonly sparesMemory: boolean;
  readonly onEffort: (effort: Effort | 'suggested') => void;
  readonly onFewerLayers: () => void;
  readonly onAllLayers: () => void;
}

export function EffortChoice(props: EffortChoiceProps) {
  const { effort, hasSuggested, estimate, lastLayers, insteadOf, onEffort } = props;
  const { chosen: seconds } = estimate;
  const isLong = seconds !== undefined && seconds > LONG_SECONDS && lastLayers === undefined;
  return (
    <fieldset class="lm-efforts">
      <legend>How long should it learn?</legend>
      {(hasSuggested ? (['suggested', ...EFFORTS] as const) : EFFORTS).map((each) => {
        const guess = estimate.byEffort[each];
        return (
          <label key={each} class="lm-effort">
            <input type="radio" name="effort" checked={each === effort} onChange={() => onEffort(each)} />
            <span>
              {each === 'suggested' ? 'Recommended for this set' : EFFORT_NAMES[each]}
              {guess !== undefined && <small>{about(guess)}</small>}
            </span>
          </label>
        );
      })}
      <p class="hint lm-estimate" role="status">
        {estimateSentence({ seconds, isOwn: effort === undefined, lastLayers, insteadOf })}
      </p>
      {props.sparesMemory && (
        <p class="hint">
          To save memory on this device, each block is computed twice: slower, with the same result.
        </p>
      )}
      {isLong && (
        <button type="button" class="quiet" onClick={props.onFewerLayers}>
          Teach only the last {FEWER_LAYERS} layers, which is faster
        </button>
      )}
      {insteadOf !== undefined && lastLayers !== undefined && (
        <button type="button" class="quiet" onClick={props.onAllLayers}>
          Teach all layers
        </button>
      )}
    </fieldset>
  );
}
