/** Loads an adapter from picked files, or from files dropped anywhere on the page. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { Icon } from './icons.js';
import '../../styles/take.css';

export interface LoadProps {
  readonly onFiles: (files: readonly File[]) => void;
  /** Whether the page is busy with something else. */
  readonly busy: boolean;
  /** Whether the network is loaded. */
  readonly ready: boolean;
  /** Reports, as a sentence, why the files are not loaded now. */
  readonly onRefused: (reason: string) => void;
}

const ACCEPTED = '.zip,.json,.safetensors';

function take({ onFiles, busy, ready, onRefused }: LoadProps, files: FileList | null | undefined): void {
  if (!files || files.length === 0) return;
  if (!ready) onRefused('The network is not loaded yet: try again in a moment.');
  else if (busy) onRefused('The page is busy with something else: try again afterwards.');
  else onFiles([...files]);
}

/** A button around the file input, so that its words are the page's and not the browser's. */
export function LoadAdapter(props: LoadProps) {
  return (
    <div class="take-load">
      <label>
        <input
          class="take-spoken"
          type="file"
          multiple
          accept={ACCEPTED}
          onChange={({ currentTarget }) => {
            take(props, currentTarget.files);
            // This allows picking the same file again.
            currentTarget.value = '';
          }}
        />
        <Icon name="file" />
        Load an adapter
      </label>
      <p>Pick its zip or its two files, or drop them anywhere on this page.</p>
    </div>
  );
}

const hasFiles = (event: DragEvent) => event.dataTransfer?.types.includes('Files') ?? false;

/** Accepts files that are dropped anywhere, and says so while they are held over the page. */
export function DropAnywhere(props: LoadProps) {
  const [isOver, setIsOver] = useState(false);
  const latest = useRef(props);
  latest.current = props;
  useEffect(() => {
    const stop = new AbortController();
    const on = (name: 'dragover' | 'dragleave' | 'drop', listener: (event: DragEvent) => void) =>
      window.addEventListener(name, listener, { signal: stop.signal });
    on('dragover', (event) => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      setIsOver(true);
    });
    // Moving between two elements does not leave the page.
    on('dragleave', ({ relatedTarget }) => {
      if (relatedTarget === null) setIsOver(false);
    });
    on('drop', (event) => {
      setIsOver(false);
      if (!hasFiles(event)) return;
      event.preventDefault();
      take(latest.current, event.dataTransfer?.files);
    });
    return () => stop.abort();
  }, []);
  if (!isOver) return null;
  return (
    <div class="take-drop" aria-hidden="true">
      <p>Drop it to load the adapter</p>
    </div>
  );
}
