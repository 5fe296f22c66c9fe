/** The scores of a language model as a table. */
import type { LanguageScores } from '../../models/evaluateLanguageModel.js';
import { integer, percent, signed } from '../format.js';
import { groupedTable } from '../table.js';

interface Row {
  readonly label: string;
  readonly of: (scores: LanguageScores) => number;
  readonly show: (value: number) => string;
  /** Shows a difference; left out where a difference says nothing. */
  readonly change?: (value: number) => string;
}

const ROWS: readonly Row[] = [
  { label: 'loss (nats)', of: ({ loss }) => loss, show: decimals, change: (value) => signed(value, 4) },
  {
    label: 'perplexity',
    of: ({ perplexity }) => perplexity,
    show: shortNumber,
    change: (value) =>
      Math.abs(value) < 1000 ? signed(value, 2) : `${value < 0 ? '−' : '+'}${shortNumber(Math.abs(value))}`,
  },
  {
    label: 'bits per byte',
    of: ({ bitsPerByte }) => bitsPerByte,
    show: decimals,
    change: (value) => signed(value, 4),
  },
  {
    label: 'accuracy',
    of: ({ accuracy }) => accuracy,
    show: percent,
    change: (value) => signed(100 * value, 2),
  },
  { label: 'tokens', of: ({ tokens }) => tokens, show: integer },
];

/** The scores one under the other, and by how much they differ. @param names  of the two columns */
export function scoreTable(
  base: LanguageScores,
  adapted: LanguageScores | undefined,
  names: readonly [string, string] = ['base', 'adapted'],
): string {
  const rows = ROWS.map(({ label, of, show, change }) => {
    const cells = [label, shown(of(base), show)];
    if (adapted) cells.push(shown(of(adapted), show), change ? shown(of(adapted) - of(base), change) : '');
    return cells;
  });
  return groupedTable([[['', names[0], ...(adapted ? [names[1], 'change'] : [])]], rows]);
}

/** Bits per byte do not exist where no trained token is text. */
function shown(value: number, show: (value: number) => string): string {
  return Number.isNaN(value) ? 'none' : show(value);
}

export function decimals(value: number): string {
  return value.toFixed(4);
}

/** `29.92`, `12,345` or `1.2e+12`. */
function shortNumber(value: number): string {
  if (value < 1000) return value.toFixed(2);
  return value < 1e9 ? integer(value) : value.toExponential(1);
}
