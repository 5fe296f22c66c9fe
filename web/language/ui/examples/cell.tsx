/** An editable text, as high as its lines. */
import { cellId, type Editor, type Field } from './useEditor.js';

interface CellProps {
  readonly id: string;
  readonly field: Field;
  /** Number of the example, counted from 1. */
  readonly number: number;
  readonly text: string;
  readonly editor: Editor;
  readonly onPasteLines: (text: string, keepInCell: () => void) => void;
}

const NAMES = { prompt: 'Prompt', answer: 'Answer' } as const;

export function Cell({ id, field, number, text, editor, onPasteLines }: CellProps) {
  return (
    // A second, hidden copy of the text gives the field its height without a measurement.
    <div class={`examples-cell ${field}`} data-name={NAMES[field]} data-text={`${text} `}>
      <textarea
        id={cellId(id, field)}
        rows={1}
        value={text}
        aria-label={`${NAMES[field]} of example ${number}`}
        enterkeyhint="next"
        onInput={({ currentTarget }) => editor.change(id, field, currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
          event.preventDefault();
          editor.next(id, field);
        }}
        onPaste={(event) => {
          const pasted = event.clipboardData?.getData('text/plain') ?? '';
          if (pasted.split(/[\r\n]+/).filter((line) => line.trim() !== '').length < 2) return;
          event.preventDefault();
          onPasteLines(pasted, inserting(event.currentTarget, pasted));
        }}
      />
    </div>
  );
}

/** @returns a function that inserts a text where the cursor is now */
function inserting(cell: HTMLTextAreaElement, text: string): () => void {
  const { selectionStart, selectionEnd } = cell;
  return () => {
    cell.focus();
    cell.setRangeText(text, selectionStart, selectionEnd, 'end');
    cell.dispatchEvent(new Event('input', { bubbles: true }));
  };
}
