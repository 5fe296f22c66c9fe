import { Component } from 'preact';
import { integer } from '../../../format.js';
import type { Row, RowView } from '../../api.js';
import { markOf } from '../../examples/marks.js';
import { canBeTaught } from '../../examples/rows.js';
import { swipeListeners } from '../swipe.js';
import { Cell } from './cell.js';
import type { Editor } from './useEditor.js';

export interface RowLineProps {
  readonly row: Row;
  /** Counted from 1. */
  readonly number: number;
  readonly view: RowView | undefined;
  /** Number of the earlier example that says the same. */
  readonly sameAs: number | undefined;
  readonly maxLength: number;
  readonly editor: Editor;
  readonly onFocused: (id: string) => void;
  readonly onPasteLines: (text: string, keepInCell: () => void) => void;
}

/** Media query of the cards, the same as in language-rows.css. */
const CARDS = '(max-width: 700px)';

/** One example. It is rendered again only when its own props change, since five hundred rows would make typing slow. */
export class RowLine extends Component<RowLineProps> {
  /** On a phone, where rows are cards, swiping a card away deletes it. */
  readonly #swipe = swipeListeners({
    onSwipe: () => this.props.editor.remove(this.props.row.id),
    isOn: () => matchMedia(CARDS).matches,
    isFollowed: true,
  });

  override shouldComponentUpdate(next: RowLineProps): boolean {
    const before = this.props;
    return (Object.keys(next) as (keyof RowLineProps)[]).some((key) => next[key] !== before[key]);
  }

  override render() {
    const { row, number, view, sameAs, maxLength, editor, onFocused, onPasteLines } = this.props;
    const mark = markOf(row, view, sameAs, maxLength);
    const cell = { id: row.id, number, editor, onPasteLines };
    return (
      <li class={`examples-row ${mark?.kind ?? ''}`} onFocusIn={() => onFocused(row.id)} {...this.#swipe}>
        <span class="examples-number" aria-hidden="true">
          {number}
        </span>
        <Cell {...cell} field="prompt" text={row.prompt} />
        <Cell {...cell} field="answer" text={row.answer} />
        <Tokens view={view} />
        {mark && <p class="examples-mark">{mark.words}</p>}
        <RowButtons row={row} number={number} editor={editor} />
      </li>
    );
  }
}

function Tokens({ view }: { readonly view: RowView | undefined }) {
  return (
    <span class="examples-tokens">
      {view ? integer(view.tokens) : '–'}
      <span class="examples-unit"> {view?.tokens === 1 ? 'token' : 'tokens'}</span>
    </span>
  );
}

function RowButtons({ row, number, editor }: Pick<RowLineProps, 'row' | 'number' | 'editor'>) {
  return (
    <span class="examples-buttons">
      {canBeTaught(row) && row.prompt.trim() !== '' && (
        <button
          type="button"
          class="quiet examples-reword"
          aria-label={`Say example ${number} another way`}
          title="Say it another way"
          onClick={() => editor.sayAnotherWay(row.id)}
        >
          <svg viewBox="0 0 24 24" aria-hidden="true">
            <path d="M9 9h11v11H9zM5 15H4V4h11v1" />
          </svg>
          <span class="examples-unit" aria-hidden="true">
            Another way
          </span>
        </button>
      )}
      <button
        type="button"
        id={`example-delete-${row.id}`}
        class="quiet examples-delete"
        aria-label={`Delete example ${number}`}
        title="Delete"
        onClick={() => editor.remove(row.id)}
      >
        <svg viewBox="0 0 24 24" aria-hidden="true">
          <path d="m6 6 12 12M18 6 6 18" />
        </svg>
      </button>
    </span>
  );
}
