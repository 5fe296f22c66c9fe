import { useLayoutEffect, useRef } from 'preact/hooks';
import { megabytes } from '../../format.js';

export type MnistState = 'absent' | { readonly done: number; readonly total: number } | 'ready' | Error;

interface CountAllProps {
  readonly mnist: MnistState;
  readonly onCountAll: () => void;
}

/** Fetches the rest of MNIST, so that all 10,000 test images are counted. */
export function CountAll({ mnist, onCountAll }: CountAllProps) {
  const place = useRef<HTMLDivElement>(null);
  const hadFocus = place.current?.contains(document.activeElement) === true;
  // The button that was pressed goes; the focus stays with what comes in its place.
  useLayoutEffect(() => {
    if (hadFocus && !place.current?.contains(document.activeElement)) place.current?.focus();
  });
  return (
    <div ref={place} class="count-all" tabIndex={-1}>
      {content(mnist, onCountAll)}
    </div>
  );
}

function content(mnist: MnistState, onCountAll: () => void) {
  if (mnist === 'ready') return <p class="hint">All 10,000 test images of MNIST are here.</p>;
  if (mnist === 'absent') {
    return (
      <button type="button" class="quiet" onClick={onCountAll}>
        Count on all 10,000 test images (11 MB)
      </button>
    );
  }
  if (mnist instanceof Error) {
    return (
      <>
        <p role="alert">MNIST could not be downloaded: {mnist.message}.</p>
        <button type="button" onClick={onCountAll}>
          Try again
        </button>
      </>
    );
  }
  const { done, total } = mnist;
  return (
    <>
      <progress aria-label="Download of MNIST" max={total || 1} value={done} />
      <p class="hint">
        MNIST: {megabytes(done)} of {total > 0 ? megabytes(total) : '11'} MB
      </p>
    </>
  );
}
