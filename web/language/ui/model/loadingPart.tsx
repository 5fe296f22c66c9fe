/** The progress of loading a model, with a button to pause it. */
import type { Loading, ModelFacts } from '../../api.js';
import { Figures } from './figures.js';
import { announcement, fraction, loadingLine } from './words.js';

export interface LoadingPartProps {
  readonly loading: Loading;
  readonly facts: ModelFacts | undefined;
  /** Whether to show the figures, which describe the page's own model. */
  readonly hasFigures: boolean;
  readonly layers: number | undefined;
  readonly isOnline: boolean;
  readonly onPause: () => void;
  readonly onResume: () => void;
}

export function LoadingPart(props: LoadingPartProps) {
  const { loading, facts, hasFigures, layers, isOnline, onPause, onResume } = props;
  const done = fraction(loading);
  const line = loadingLine(loading, isOnline, layers);
  const isDownload = loading.stage === 'downloading';
  const isPaused = isDownload && loading.paused === 'person';
  return (
    <div class="lm-loading">
      <progress
        aria-label={`Loading ${facts?.name ?? 'the model'}`}
        aria-valuetext={line}
        max={1}
        {...(done === undefined ? {} : { value: done })}
      />
      <div class="row">
        <p class={isDownload && loading.paused ? 'lm-line paused' : 'lm-line'}>{line}</p>
        {isDownload && (
          <button type="button" class="quiet" onClick={isPaused ? onResume : onPause}>
            {isPaused ? 'Go on' : 'Pause'}
          </button>
        )}
      </div>
      {facts && hasFigures && <Figures facts={facts} done={isDownload ? loading.done / loading.total : 1} />}
    </div>
  );
}

/** Status region of its own, which must exist before there is something to announce. */
export function Announcer({
  loading,
  isOnline,
}: Record<'isOnline', boolean> & { loading: Loading | undefined }) {
  return (
    <p class="visually-hidden" role="status">
      {announcement(loading, isOnline)}
    </p>
  );
}
