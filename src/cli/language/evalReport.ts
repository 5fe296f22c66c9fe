/** What `lowrank eval` shows: what was measured, and the scores side by side. */
import { printable } from '../../base/printable.js';
import { compareExamples } from '../../models/compareExamples.js';
import type { LanguageEvaluation, LanguageScores } from '../../models/evaluateLanguageModel.js';
import { placeOf } from '../../text/badLines.js';
import { count, integer, percent, signed } from '../format.js';
import { groupedTable } from '../table.js';
import { wrapped } from '../wrap.js';
import type { MeasuredExamples } from './evalExamples.js';
import type { EvalCommand } from './evalOptions.js';

export interface Evaluated {
  readonly parameters: number;
  /** File and format of the examples. */
  readonly source: string;
  readonly measured: MeasuredExamples;
  /** Whether all examples are plain texts, which have no answers. */
  readonly isText: boolean;
  /** The system message that is in force; undefined for texts. */
  readonly system: string | undefined;
  readonly base: LanguageEvaluation;
  readonly adapted: LanguageEvaluation | undefined;
}

/** Which tokens count. */
const MEASURED = {
  answers: 'those of the answers (--train-on answers)',
  all: 'all but the first of each example (--train-on all)',
} as const;
/** Characters of a path or a system message. */
const MAX_SHOWN = 300;
const LABEL_WIDTH = 12;

/** The report as text, with a newline at its end. */
export function evalReport(options: EvalCommand, evaluated: Evaluated): string {
  const { base, adapted, measured } = evaluated;
  const lines = heading(options, evaluated).flatMap(([label, text]) =>
    wrapped(label.padEnd(LABEL_WIDTH), text),
  );
  const parts = [lines.join('\n'), scoreTable(base, adapted)];
  if (adapted) parts.push(comparison(base, adapted, measured));
  return `${parts.join('\n\n')}\n`;
}

function heading(
  { model, adapters, trainOn }: EvalCommand,
  { parameters, source, measured, isText, system, base }: Evaluated,
): (readonly [string, string])[] {
  const { examples, cut, dropped, maxLength } = measured;
  const bad = measured.bad.length + measured.refused.length;
  const tokens = examples.reduce((sum, { ids }) => sum + ids.length, 0);
  const lines: [string, string][] = [
    ['model', printable(model, MAX_SHOWN)],
    ['parameters', integer(parameters)],
  ];
  for (const { directory, scale } of adapters) {
    const scaled = scale === 1 ? '' : `, times ${scale}`;
    lines.push(['adapter', `${printable(directory, MAX_SHOWN)}${scaled}`]);
  }
  lines.push(['data', printable(source, MAX_SHOWN)]);
  lines.push(['examples', `${integer(examples.length)}, of ${integer(tokens)} tokens`]);
  lines.push([
    'measured',
    `${count(base.tokens, 'token')}: ${isText ? 'all but the first of each text' : MEASURED[trainOn]}`,
  ]);
  if (bad > 0) lines.push(['left out', `${count(bad, 'line')} that cannot be read as examples (--skip-bad)`]);
  if (dropped > 0) lines.push(['left out', `${count(dropped, 'example')} of more than ${maxLength} tokens`]);
  if (cut > 0) lines.push(['cut', `${count(cut, 'example')} to ${maxLength} tokens`]);
  if (system !== undefined) lines.push(['system', system]);
  return lines;
}

interface Row {
  readonly label: string;
  readonly of: (scores: LanguageScores) => number;
  readonly show: (value: number) => string;
  /** Of a difference; none where it says nothing. */
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

function scoreTable(base: LanguageScores, adapted: LanguageScores | undefined): string {
  const rows = ROWS.map(({ label, of, show, change }) => {
    const cells = [label, shown(of(base), show)];
    if (adapted) cells.push(shown(of(adapted), show), change ? shown(of(adapted) - of(base), change) : '');
    return cells;
  });
  return groupedTable([[['', 'base', ...(adapted ? ['adapted', 'change'] : [])]], rows]);
}

/** Bits per byte do not exist where no trained token is text. */
function shown(value: number, show: (value: number) => string): string {
  return Number.isNaN(value) ? 'none' : show(value);
}

function decimals(value: number): string {
  return value.toFixed(4);
}

/** `29.92`, `12,345` or `1.2e+12`. */
function shortNumber(value: number): string {
  if (value < 1000) return value.toFixed(2);
  return value < 1e9 ? integer(value) : value.toExponential(1);
}

/** What was gained and forgotten, with the lines of the worst. */
function comparison(
  base: LanguageEvaluation,
  adapted: LanguageEvaluation,
  { examples }: MeasuredExamples,
): string {
  const { better, same, worse, worst } = compareExamples(base, adapted);
  const lines = wrapped(
    '',
    `With the adapter ${integer(better)} of ${count(examples.length, 'example')} became better, ${integer(worse)} worse, ${integer(same)} stayed the same (within 0.01 nats per token).`,
  );
  for (const { example, before, after } of worst)
    lines.push(`  ${placeOf(examples[example])}: loss ${decimals(before)} → ${decimals(after)}`);
  return lines.join('\n');
}
