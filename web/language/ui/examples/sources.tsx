/** Sources of examples other than the keyboard. */
import { useEffect, useState } from 'preact/hooks';
import { MOST_ROWS } from '../../examples/rows.js';
import type { ImportStart, PresetChoice } from './props.js';
import { ADD_ID } from './useEditor.js';

export const ACCEPTED = '.jsonl,.json,.ndjson,.csv,.tsv,.txt,.md';

/** Whether a dropped file holds examples, judged by its name. */
export const isExamplesFile = (name: string) => /\.(?:jsonl?|ndjson|csv|tsv|txt|md)$/i.test(name);

interface PresetsProps {
  readonly presets: readonly PresetChoice[];
  readonly preset: string | undefined;
  readonly onPreset: (id: string) => void;
}

export function Presets({ presets, preset, onPreset }: PresetsProps) {
  return (
    <fieldset class="examples-presets">
      <legend class="visually-hidden">Examples to start with</legend>
      {presets.map(({ id, name, about }) => (
        <button
          key={id}
          type="button"
          class="quiet"
          aria-pressed={id === preset}
          onClick={() => onPreset(id)}
        >
          <strong>{name}</strong>
          <span>{about}</span>
        </button>
      ))}
    </fieldset>
  );
}

interface SourcesProps {
  readonly rows: number;
  readonly onImport: (start: ImportStart) => void;
  readonly onAdd: () => void;
  readonly onProject?: ((zip: File) => void) | undefined;
}

export function Sources({ rows, onImport, onAdd, onProject }: SourcesProps) {
  const isFull = rows >= MOST_ROWS;
  return (
    <div class="examples-sources">
      <button type="button" class="examples-paste" onClick={() => void paste(onImport)}>
        Paste a list
      </button>
      <FileButton
        label="From a file"
        accept={onProject ? `${ACCEPTED},.zip` : ACCEPTED}
        onFile={(file) => {
          if (onProject && /\.zip$/i.test(file.name)) onProject(file);
          else onImport({ source: file });
        }}
      />
      <button
        type="button"
        id={ADD_ID}
        class="examples-add"
        aria-disabled={isFull}
        aria-describedby={isFull ? 'examples-full' : undefined}
        onClick={() => {
          if (!isFull) onAdd();
        }}
      >
        Add an example
      </button>
      {isFull && (
        <p id="examples-full" class="hint">
          The table is full: it holds {MOST_ROWS} examples.
        </p>
      )}
    </div>
  );
}

/** Reads the clipboard; if that is refused or impossible, offers a box to paste into. */
async function paste(onImport: SourcesProps['onImport']): Promise<void> {
  try {
    const text = await navigator.clipboard.readText();
    onImport(text.trim() === '' ? { note: 'There is no text on the clipboard.' } : { source: text });
  } catch {
    onImport({ note: 'This browser does not let the page read the clipboard: paste into the box.' });
  }
}

/** A button around the file input, so that its words are the page's and not the browser's. */
export function FileButton(props: {
  readonly label: string;
  readonly accept?: string;
  readonly onFile: (file: File) => void;
}) {
  return (
    <label class="examples-file">
      <input
        class="visually-hidden"
        type="file"
        accept={props.accept ?? ACCEPTED}
        onChange={({ currentTarget }) => {
          const file = currentTarget.files?.[0];
          if (file) props.onFile(file);
          // This allows picking the same file again.
          currentTarget.value = '';
        }}
      />
      {props.label}
    </label>
  );
}

/** Accepts a file that is dropped on an element if its name is that of a file of examples. */
export function useDrop(onFile: (file: File) => void) {
  const [isOver, setIsOver] = useState(false);
  useEffect(() => {
    if (!isOver) return;
    // A drag that ends outside the window causes no other event.
    const end = () => setIsOver(false);
    window.addEventListener('dragend', end);
    return () => window.removeEventListener('dragend', end);
  }, [isOver]);
  return {
    isOver,
    handlers: {
      onDragOver: (event: DragEvent) => {
        if (!event.dataTransfer?.types.includes('Files')) return;
        event.preventDefault();
        setIsOver(true);
      },
      onDragLeave: ({ currentTarget, relatedTarget }: DragEvent) => {
        if (!(currentTarget as Node).contains(relatedTarget as Node | null)) setIsOver(false);
      },
      onDrop: (event: DragEvent) => {
        setIsOver(false);
        const file = [...(event.dataTransfer?.files ?? [])].find(({ name }) => isExamplesFile(name));
        if (!file) return;
        event.preventDefault();
        // Listeners further out take other files.
        event.stopPropagation();
        onFile(file);
      },
    },
  };
}
