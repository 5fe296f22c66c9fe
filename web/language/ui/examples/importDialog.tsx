/** Examples from a file or from what was pasted: shown before they are taken. */
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Imported } from '../../examples/readImport.js';
import { ImportPreview } from './importPreview.js';
import type { ImportStart, Taken } from './props.js';
import { FileButton, useDrop } from './sources.js';

interface ImportDialogProps {
  readonly start: ImportStart;
  /** Rows in which something is written. */
  readonly filled: number;
  readonly maxLength: number;
  readonly onTake: (taken: Taken) => void;
  readonly onClose: () => void;
}

/** A longer text is not shown for editing, which would be slow. */
const LONGEST_SHOWN = 100_000;
const WAIT_MS = 200;

export function ImportDialog({ start, filled, maxLength, onTake, onClose }: ImportDialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [source, setSource] = useState<File | string>(start.source ?? '');
  const [hasHeading, setHasHeading] = useState(false);
  const found = useImport(source, maxLength, hasHeading);
  useEffect(() => dialog.current?.showModal(), []);
  const open = (next: File | string) => {
    setHasHeading(false);
    setSource(next);
  };
  const drop = useDrop(open);
  const close = () => dialog.current?.close();
  return (
    <dialog
      ref={dialog}
      class={`examples-dialog ${drop.isOver ? 'over' : ''}`}
      aria-labelledby="import-title"
      onClose={onClose}
      {...drop.handlers}
    >
      <div class="examples-dialog-head">
        <h2 id="import-title">Import examples</h2>
        <button type="button" class="quiet" aria-label="Close" onClick={close}>
          ✕
        </button>
      </div>
      {start.note && source === '' && <p>{start.note}</p>}
      <SourceBox source={source} onSource={open} />
      <div role="status" class="examples-found">
        {found instanceof Error && <p class="examples-trouble">{found.message}</p>}
        {found === 'reading' && <p class="hint">Reading…</p>}
      </div>
      {typeof found === 'object' && !(found instanceof Error) && (
        <ImportPreview
          found={found}
          filled={filled}
          hasHeading={hasHeading}
          onHasHeading={setHasHeading}
          onTake={(taken) => {
            onTake(taken);
            close();
          }}
        />
      )}
      {start.keepInCell && source === start.source && (
        <button
          type="button"
          class="quiet"
          onClick={() => {
            close();
            start.keepInCell?.();
          }}
        >
          Paste it into the one cell instead
        </button>
      )}
    </dialog>
  );
}

/** What is read from the source; undefined where there is none. */
function useImport(
  source: File | string,
  maxLength: number,
  hasHeading: boolean,
): Imported | Error | 'reading' | undefined {
  const [found, setFound] = useState<Imported | Error | 'reading'>();
  useEffect(() => {
    if (typeof source === 'string' && source.trim() === '') {
      setFound(undefined);
      return;
    }
    let isOld = false;
    setFound((before) => (typeof before === 'object' && !(before instanceof Error) ? before : 'reading'));
    const timer = setTimeout(async () => {
      const result = await read(source, maxLength, hasHeading).catch((error: Error) => error);
      if (!isOld) setFound(result);
    }, WAIT_MS);
    return () => {
      isOld = true;
      clearTimeout(timer);
    };
  }, [source, maxLength, hasHeading]);
  return found;
}

async function read(source: File | string, maxLength: number, hasHeading: boolean): Promise<Imported> {
  const reader = await import('../../examples/readImport.js').catch(() => {
    throw new Error(
      'The part of this page that reads files could not be loaded: try it again with a network.',
    );
  });
  return reader.readImport(source, { maxLength, hasHeading });
}

function SourceBox(props: {
  readonly source: File | string;
  readonly onSource: (source: File | string) => void;
}) {
  const { source, onSource } = props;
  const isText = typeof source === 'string' && source.length <= LONGEST_SHOWN;
  return (
    <>
      {isText && (
        <label class="examples-box">
          <span>Paste here</span>
          <textarea
            rows={4}
            // The cursor is where there is something to do.
            autofocus={source === ''}
            value={source}
            placeholder={'Q: When do you open?\nA: At six, when the lamp goes out.'}
            onInput={({ currentTarget }) => onSource(currentTarget.value)}
          />
        </label>
      )}
      {!isText && <p>{typeof source === 'string' ? 'A long text that was pasted' : source.name}</p>}
      <div class="row">
        <FileButton label={isText ? 'From a file' : 'Another file'} onFile={onSource} />
        <p class="hint">
          JSON lines, JSON, CSV, TSV, “Q:” and “A:” lines, or plain text; or drop a file here.
        </p>
      </div>
    </>
  );
}
