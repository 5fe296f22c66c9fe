/** The button that starts a lesson, or first downloads the model. */
import { useId } from 'preact/hooks';
import { megabytes } from '../../../format.js';

export interface BeginProps {
  /** Download of the model, if it is not loaded: the button starts it. */
  readonly download: { readonly bytes: number; readonly onDownload: () => void } | undefined;
  /** Any other reason why it cannot start, as a sentence. */
  readonly obstacle: string | undefined;
  readonly hasAdapter: boolean;
  readonly onTeach: () => void;
}

export function Begin({ download, obstacle, hasAdapter, onTeach }: BeginProps) {
  const line = useId();
  if (download) {
    return (
      <button type="button" class="primary lm-begin" onClick={download.onDownload}>
        Download the model first ({Math.round(Number(megabytes(download.bytes)))} MB)
      </button>
    );
  }
  return (
    <div class="lm-begins">
      <button
        type="button"
        class="primary lm-begin"
        aria-disabled={obstacle !== undefined}
        aria-describedby={line}
        onClick={() => {
          if (obstacle === undefined) onTeach();
        }}
      >
        Teach
      </button>
      <p class="hint" id={line}>
        {obstacle ??
          (hasAdapter
            ? 'It starts over from the original model. Your adapter stays until the new one is done.'
            : 'Only new numbers beside the model are trained. They stay on this device.')}
      </p>
    </div>
  );
}
