/** Accepts files that are dropped anywhere on the page, and says so while they are held over it. */
import { useEffect, useRef, useState } from 'preact/hooks';
import '../../styles/language-drop.css';

const hasFiles = ({ dataTransfer }: DragEvent) => dataTransfer?.types.includes('Files') ?? false;
/** Whether the event is in a dialog, which takes its own files. */
const isInDialog = ({ target }: DragEvent) => target instanceof Element && target.closest('dialog') !== null;

export function DropVeil({ onFiles }: { readonly onFiles: (files: readonly File[]) => void }) {
  const [isOver, setIsOver] = useState(false);
  const latest = useRef(onFiles);
  latest.current = onFiles;
  useEffect(
    () =>
      listenToDrops(setIsOver, (files) => {
        latest.current(files);
      }),
    [],
  );
  if (!isOver) return null;
  return (
    <div class="lm-veil" aria-hidden="true">
      <p>
        <strong>Drop it here</strong>
        <span>A model, examples, or a zip from this page</span>
      </p>
    </div>
  );
}

/** @returns how to stop */
function listenToDrops(
  setIsOver: (isOver: boolean) => void,
  onFiles: (files: readonly File[]) => void,
): () => void {
  const over = (event: DragEvent) => {
    if (!hasFiles(event) || isInDialog(event)) return;
    event.preventDefault();
    setIsOver(true);
  };
  const leave = ({ relatedTarget }: DragEvent) => {
    // Between two elements of the page it does not leave the page.
    if (relatedTarget === null) setIsOver(false);
  };
  const end = () => setIsOver(false);
  const drop = (event: DragEvent) => {
    end();
    if (!hasFiles(event) || isInDialog(event)) return;
    event.preventDefault();
    // Panels take files too when they are on a page of their own.
    event.stopPropagation();
    onFiles([...(event.dataTransfer?.files ?? [])]);
  };
  const stop = new AbortController();
  // Capture comes before any panel.
  const options = { capture: true, signal: stop.signal };
  addEventListener('dragover', over, options);
  addEventListener('dragleave', leave, options);
  addEventListener('dragend', end, options);
  addEventListener('drop', drop, options);
  return () => stop.abort();
}
