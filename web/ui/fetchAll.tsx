import { useLayoutEffect, useRef } from 'preact/hooks';
import { megabytes } from '../format.js';

export type MnistState = 'absent' | { readonly done: number; readonly total: number } | 'ready' | Error;

interface FetchAllProps {
  /** The words on the button. */
  readonly label: string;
  readonly mnist: MnistState;
  readonly onFetch: () => void;
}

/** A button that fetches the rest of MNIST, and its progress. */
export function FetchAll({ label, mnist, onFetch }: FetchAllProps) {
  const place = useRef<HTMLDivElement>(null);
  const hadFocus = place.current?.contains(document.activeElement) === true;
  // The pressed button disappears; the focus moves to what replaces it.
  useLayoutEffect(() => {
    if (hadFocus && !place.current?.contains(document.activeElement)) place.current?.focus();
  });
  return (
    <div ref={place} class="fetch-all" tabIndex={-1}>
      {content(label, mnist, onFetch)}
    </div>
  );
}

function content(label: string, mnist: MnistState, onFetch: () => void) {
  if (mnist === 'ready') return <p class="hint">All 10,000 test images of MNIST are here.</p>;
  if (mnist === 'absent') {
    return (
      <button type="button" class="quiet" onClick={onFetch}>
        {label} (11 MB)
      </button>
    );
  }
  if (mnist instanceof Error) {
    return (
      <>
        <p role="alert">MNIST could not be downloaded: {mnist.message}.</p>
        <button type="button" onClick={onFetch}>
          Try again
        </button>
      </>
    );
  }
  const { done, total } = mnist;
  return (
    <>
      <progress aria-label="Downloading MNIST" max={total || 1} value={done} />
      <p class="hint">
        MNIST: {megabytes(done)} of {total > 0 ? megabytes(total) : '11'} MB
      </p>
    </>
  );
}
