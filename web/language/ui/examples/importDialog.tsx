/** Examples from a file or from pasted text, shown before they are added. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { ImportReader } from '../../examples/importReader.js';
import type { Imported } from '../../examples/readImport.js';
import { ImportPreview } from './importPreview.js';
import type { ImportStart, Taken } from './props.js';
import { FileButton, useDrop } from './sources.js';
import '../../../styles/language-import.css';

interface ImportDialogProps {
  readonly start: ImportStart;
  /** Number of rows that are not blank. */
  readonly filled: number;
  readonly maxLength: number;
  readonly onTake: (taken: Taken) => void;
  readonly onClose: () => void;
}

/** Longest text that can be edited here: a longer one would be slow. */
const LONGEST_SHOWN = 100_000;
const WAIT_MS = 200;

export function ImportDialog({ start, filled, maxLength, onTake, onClose }: ImportDialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [source, setSource] = useState<File | string>(start.source ?? '');
  const [hasHeading, setHasHeading] = useState(false);
  const { found, isReading } = useImport(source, maxLength, hasHeading);
  useEffect(() => dialog.current?.showModal(), []);
  const open = (next: File | string) => {
    setHasHeading(false);
    setSource(next);
  };
  const drop = useDrop(open);
  const close = () => dialog.current?.close();
  const keep = () => {
    close();
    start.keepInCell?.();
  };
  return (
    <dialog
      ref={dialog}
      class={`examples-dialog ${drop.isOver ? 'over' : ''}`}
      aria-labelledby="import-title"
      onClose={onClose}
      {...drop.handlers}
    >
      <Head onClose={close} />
      {start.note && source === '' && <p>{start.note}</p>}
      <SourceBox source={source} onSource={open} />
      <div role="status" class="examples-found">
        {found instanceof Error && <p class="examples-trouble">{found.message}</p>}
        {isReading && <p class="hint">Reading…</p>}
      </div>
      {found && !(found instanceof Error) && (
        <ImportPreview
          found={found}
          isReading={isReading}
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
        <button type="button" class="quiet" onClick={keep}>
          Paste it into the cell instead
        </button>
      )}
    </dialog>
  );
}

function Head({ onClose }: Pick<ImportDialogProps, 'onClose'>) {
  return (
    <div class="examples-dialog-head">
      <h2 id="import-title">Import examples</h2>
      <button type="button" class="quiet" aria-label="Close" onClick={onClose}>
        ✕
      </button>
    </div>
  );
}

interface Import {
  /** The latest result; undefined if there is nothing to read. */
  readonly found: Imported | Error | undefined;
  /** Whether another source is being read now. */
  readonly isReading: boolean;
}

function useImport(source: File | string, maxLength: number, hasHeading: boolean): Import {
  const [state, setState] = useState<Import>({ found: undefined, isReading: false });
  const reader = useRef<ImportReader>(undefined);
  reader.current ??= new ImportReader();
  useEffect(() => () => reader.current?.close(), []);
  useEffect(() => {
    if (typeof source === 'string' && source.trim() === '') {
      setState({ found: undefined, isReading: false });
      return;
    }
    let isOld = false;
    setState(({ found }) => ({ found: found instanceof Error ? undefined : found, isReading: true }));
    const timer = setTimeout(async () => {
      const result = await reader.current
        ?.read(source, { maxLength, hasHeading })
        .catch((error: Error) => error);
      if (!isOld) setState({ found: result, isReading: false });
    }, WAIT_MS);
    return () => {
      isOld = true;
      clearTimeout(timer);
    };
  }, [source, maxLength, hasHeading]);
  return state;
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
            // An empty box gets the cursor.
            autofocus={source === ''}
            value={source}
            placeholder={'Q: When do you open?\nA: At six, when the lamp goes out.'}
            onInput={({ currentTarget }) => onSource(currentTarget.value)}
          />
        </label>
      )}
      {!isText && <p>{typeof source === 'string' ? 'A long pasted text' : source.name}</p>}
      <div class="row">
        <FileButton label={isText ? 'From a file' : 'Another file'} onFile={onSource} />
        <p class="hint">
          JSON lines, JSON, CSV, TSV, “Q:” and “A:” lines, or plain text; or drop a file here.
        </p>
      </div>
    </>
  );
}
