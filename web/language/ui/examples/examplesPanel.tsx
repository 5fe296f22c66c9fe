/** The second panel: what the model should learn to say. */
import { useCallback, useEffect, useState } from 'preact/hooks';
import { countLine, fewWords, rewordingWords } from '../../examples/countLine.js';
import { duplicatesOf } from '../../examples/marks.js';
import { filledLength } from '../../examples/rows.js';
import { ImportDialog } from './importDialog.js';
import type { ExamplesPanelProps, ImportStart } from './props.js';
import { RowLine } from './rowLine.js';
import { Seen } from './seen.js';
import { Presets, Sources, useDrop } from './sources.js';
import { SystemPrompt } from './systemPrompt.js';
import { type Editor, useEditor } from './useEditor.js';
import '../../../styles/language-examples.css';
import '../../../styles/language-rows.css';

export function ExamplesPanel(props: ExamplesPanelProps) {
  const { rows, maxLength } = props;
  const editor = useEditor(props);
  const [start, setStart] = useState<ImportStart>();
  const [current, setCurrent] = useState<string>();
  const { toImport, onImporting } = props;
  useEffect(() => {
    if (!toImport) return;
    setStart({ source: toImport });
    onImporting?.();
  }, [toImport]);
  const drop = useDrop((source) => setStart({ source }));
  return (
    <div class={`examples ${drop.isOver ? 'over' : ''}`} {...drop.handlers}>
      <Presets {...props} />
      <Sources rows={rows.length} onImport={setStart} onAdd={editor.add} onProject={props.onProject} />
      <Table {...props} editor={editor} onFocused={setCurrent} onImport={setStart} />
      <Counts {...props} />
      <SystemPrompt {...props} />
      <Seen {...props} current={current} onCurrent={setCurrent} />
      {start && (
        <ImportDialog
          start={start}
          filled={filledLength(rows)}
          maxLength={maxLength}
          onTake={editor.take}
          onClose={() => setStart(undefined)}
        />
      )}
    </div>
  );
}

interface TableProps extends ExamplesPanelProps {
  readonly editor: Editor;
  readonly onFocused: (id: string) => void;
  readonly onImport: (start: ImportStart) => void;
}

function Table({ rows, views, maxLength, editor, onFocused, onImport }: TableProps) {
  const sameAs = duplicatesOf(rows);
  const onPasteLines = useCallback(
    (source: string, keepInCell: () => void) => onImport({ source, keepInCell }),
    [onImport],
  );
  if (rows.length === 0)
    return (
      <p class="examples-none">
        There are no examples yet: add one, paste a list, or start with a set above.
      </p>
    );
  return (
    <div class="examples-table">
      <div class="examples-heading" aria-hidden="true">
        <span />
        <span>Prompt</span>
        <span>Answer</span>
        <span>Tokens</span>
      </div>
      <ol class="examples-rows" aria-label="Examples">
        {rows.map((row, i) => (
          <RowLine
            key={row.id}
            row={row}
            number={i + 1}
            view={views.get(row.id)}
            sameAs={sameAs.get(row.id)}
            maxLength={maxLength}
            editor={editor}
            onFocused={onFocused}
            onPasteLines={onPasteLines}
          />
        ))}
      </ol>
      <p class="hint examples-keys">Enter goes to the next cell, Shift+Enter to a new line.</p>
    </div>
  );
}

function Counts(props: ExamplesPanelProps) {
  const few = fewWords(props);
  const reword = rewordingWords(props.rows);
  return (
    <div class="examples-counts">
      <p>
        <strong>{countLine(props)}</strong>
        {!props.hasTokenizer && '. Tokens are counted as soon as the first megabytes of the model are here.'}
      </p>
      {few && <p>{few}</p>}
      {reword && <p class="hint">{reword}</p>}
    </div>
  );
}
