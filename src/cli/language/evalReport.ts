/** The report of `lowrank eval`: what was measured, and the scores side by side. */
import { printable } from '../../base/printable.js';
import { compareExamples } from '../../models/compareExamples.js';
import type { LanguageEvaluation } from '../../models/evaluateLanguageModel.js';
import { placeOf } from '../../text/badLines.js';
import { count, integer } from '../format.js';
import { wrapped } from '../wrap.js';
import type { MeasuredExamples } from './evalExamples.js';
import type { EvalCommand } from './evalOptions.js';
import { decimals, scoreTable } from './scoreColumns.js';

export interface Evaluated {
  readonly parameters: number;
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
  { parameters, measured, isText, system, base }: Evaluated,
): (readonly [string, string])[] {
  const { file, examples, cut, dropped, maxLength } = measured;
  const bad = file.bad.length;
  const tokens = examples.reduce((sum, { ids }) => sum + ids.length, 0);
  const lines: [string, string][] = [
    ['model', printable(model, MAX_SHOWN)],
    ['parameters', integer(parameters)],
  ];
  for (const { directory, scale } of adapters) {
    const scaled = scale === 1 ? '' : `, times ${scale}`;
    lines.push(['adapter', `${printable(directory, MAX_SHOWN)}${scaled}`]);
  }
  lines.push(['data', `${printable(file.path, MAX_SHOWN)} (${file.format})`]);
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

/** A comparison of gains and losses, with the lines of the worst examples. */
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
