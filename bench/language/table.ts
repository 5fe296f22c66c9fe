/** The figures as Markdown. */
import { text as escaped, tableOf } from '../../src/cli/language/markdown.js';
import type { Figure, MetricResult, Standing } from './results.js';

export interface Report {
  readonly date: string;
  readonly machine: { readonly cpu: string; readonly cores: number; readonly node: string };
  readonly model: string;
  readonly rounds: number;
  readonly metrics: readonly MetricResult[];
  /** Sentences about what was compared before timing, one for each task. */
  readonly checked: readonly string[];
  readonly leftOut: readonly string[];
}

export function toMarkdown({ date, machine, model, rounds, metrics, checked, leftOut }: Report): string {
  const head = `${machine.cpu}, ${machine.cores} cores, Node ${machine.node}, ${date.slice(0, 10)}; ${model}.`;
  const note =
    `Medians and quartiles of ${rounds} ${rounds === 1 ? 'round' : 'rounds'} in which the contenders take turns; ratios are medians of those of each round. ` +
    'Memory is the peak of the whole process.';
  const measured = metrics.filter(({ figures, wrong }) => figures.length + wrong.length > 0);
  const parts = [head, note, ...measured.map(metricPart)];
  const how = measured.flatMap(({ figures }) =>
    figures.map((each) => `${each.contender}: ${escaped(each.how)}`),
  );
  // Several tasks are checked in the same way, and miss the same contender.
  const lines = [
    ...[...new Set(how)].map((line) => `- ${line}`),
    ...[...new Set(checked)].map((line) => `- checked first: ${line}`),
    ...[...new Set(leftOut)].map((line) => `- left out: ${escaped(line)}`),
  ];
  if (lines.length > 0) parts.push(lines.join('\n'));
  return `${parts.join('\n\n')}\n`;
}

function metricPart({ title, unit, clock, figures, wrong }: MetricResult): string {
  const clockNote = clock === 'cpu' ? ' (CPU time)' : '';
  const table = tableOf(
    ['Contender', `${unit}${clockNote}`, 'Quartiles', 'Memory', 'Against'],
    [
      ...figures.map((figure) => [
        figure.contender,
        digits(figure.median),
        figure.quartiles.map(digits).join(' to '),
        figure.peakBytes === undefined ? '–' : `${Math.round(figure.peakBytes / 1e6)} MB`,
        standingsOf(figure),
      ]),
      ...wrong.map(([name, why]) => [name, 'wrong', '–', '–', escaped(why)]),
    ],
    1,
  );
  return `### ${title}\n\n${table}`;
}

function standingsOf({ standings }: Figure): string {
  return standings.map(standing).join('<br>') || '–';
}

/** `0.90 × PyTorch + PEFT (goal ≥ 1.2 ×: missed)` */
function standing({ against, bound, isMost, ratio, isMet }: Standing): string {
  const shown = `${ratio.toFixed(2)} × ${against}`;
  if (bound === undefined) return shown;
  const goal = `goal ${isMost ? '≤' : '≥'} ${bound} ×`;
  return `${shown} (${goal}: ${isMet ? 'met' : 'missed'})`;
}

function digits(value: number): string {
  return value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0);
}
