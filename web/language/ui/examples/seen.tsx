/** One example as the model sees it: its tokens, and which of them are trained. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { count, integer } from '../../../format.js';
import type { Row, SeenToken } from '../../api.js';

interface SeenProps {
  readonly rows: readonly Row[];
  /** The row that was edited last. */
  readonly current: string | undefined;
  readonly system: string | undefined;
  readonly maxLength: number;
  readonly trainsPrompts: boolean;
  readonly hasTokenizer: boolean;
  readonly see: (row: Row) => Promise<readonly SeenToken[]>;
  readonly onCurrent: (id: string) => void;
}

/** Delay that avoids a request for every typed letter. */
const WAIT_MS = 150;

export function Seen(props: SeenProps) {
  const [isOpen, setIsOpen] = useState(false);
  const { rows, current, hasTokenizer, onCurrent } = props;
  const at = Math.max(
    0,
    rows.findIndex(({ id }) => id === current),
  );
  const row = rows.at(at);
  return (
    <details class="examples-seen" onToggle={({ currentTarget }) => setIsOpen(currentTarget.open)}>
      <summary>What the model sees</summary>
      {!hasTokenizer && (
        <p class="hint">You can see it as soon as the first megabytes of the model are here.</p>
      )}
      {hasTokenizer && !row && <p class="hint">There is no example yet.</p>}
      {hasTokenizer && row && (
        <>
          <Turner at={at} rows={rows} onCurrent={onCurrent} />
          {isOpen && <SeenRow {...props} row={row} />}
        </>
      )}
    </details>
  );
}

function Turner({ at, rows, onCurrent }: { readonly at: number } & Pick<SeenProps, 'rows' | 'onCurrent'>) {
  const turn = (by: number, label: string, sign: string) => {
    const to = rows.at(at + by);
    const isEnd = at + by < 0 || !to;
    return (
      <button
        type="button"
        class="quiet"
        aria-label={label}
        aria-disabled={isEnd}
        onClick={() => {
          if (!isEnd) onCurrent(to.id);
        }}
      >
        {sign}
      </button>
    );
  };
  return (
    <div class="examples-turner">
      {turn(-1, 'Previous example', '‹')}
      <span role="status">
        Example {at + 1} of {integer(rows.length)}
      </span>
      {turn(1, 'Next example', '›')}
    </div>
  );
}

function SeenRow({ row, see, system, maxLength, trainsPrompts }: SeenProps & { readonly row: Row }) {
  const [seen, setSeen] = useState<readonly SeenToken[] | Error>();
  const latest = useRef(see);
  latest.current = see;
  useEffect(() => {
    let isOld = false;
    const timer = setTimeout(async () => {
      const found = await latest.current(row).catch((error: Error) => error);
      if (!isOld) setSeen(found);
    }, WAIT_MS);
    return () => {
      isOld = true;
      clearTimeout(timer);
    };
  }, [row, system, maxLength, trainsPrompts]);
  if (!seen) return <p class="hint">…</p>;
  if (seen instanceof Error) return <p class="examples-trouble">{seen.message}</p>;
  const trained = seen.filter(({ isTrained }) => isTrained).length;
  return (
    <>
      <p class="hint">
        {count(seen.length, 'token')}, {integer(trained)} of them trained: the{' '}
        <b class="examples-trained">orange, underlined</b> ones.
      </p>
      <p class="examples-text">
        {runsOf(seen).map((run, i) => (
          <Run key={i} tokens={run} />
        ))}
      </p>
    </>
  );
}

/** Groups consecutive tokens that are all trained, or all not trained. */
function runsOf(tokens: readonly SeenToken[]): readonly (readonly SeenToken[])[] {
  const runs: SeenToken[][] = [];
  for (const token of tokens) {
    const last = runs.at(-1);
    if (last?.[0].isTrained === token.isTrained) last.push(token);
    else runs.push([token]);
  }
  return runs;
}

function Run({ tokens }: { readonly tokens: readonly SeenToken[] }) {
  const [{ isTrained }] = tokens;
  return (
    <span class={isTrained ? 'examples-trained' : undefined}>
      <span class="visually-hidden">{isTrained ? 'Trained: ' : 'Not trained: '}</span>
      {tokens.map(({ text, isSpecial }, i) => (
        <span key={i} class={isSpecial ? 'examples-chip' : 'examples-token'}>
          {text.replaceAll('\n', '↵\n')}
        </span>
      ))}
    </span>
  );
}
