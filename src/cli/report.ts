/** The report of a run: what was trained, what was gained and what was forgotten. Fits in 100 columns. */
import { printable } from '../base/printable.js';
import { count, integer, percent, rate, shortPercent } from './format.js';
import type { AdaptedSummary, MnistSummary, TrainingFacts } from './json.js';
import type { MnistRun } from './mnist.js';
import type { Method } from './options.js';
import type { Paint } from './paint.js';
import { scoreTable, sumOver } from './scoreTable.js';
import { groupedTable } from './table.js';

/** The report as text, with a newline at its end. */
export function renderReport(run: MnistRun, paint: Paint): string {
  const { device, seed } = run.summary;
  const features = device.features.length > 0 ? ` (${device.features.join(', ')})` : '';
  const adapted = adaptations(run.summary);
  const { rank, alpha, replay, from } = adapted[0].result;
  const mixed = replay ? `, replay of ${shortPercent(replay.fraction)}` : '';
  const begun = from === undefined ? '' : `, from ${printable(from)}`;
  const parts = [
    `Device  ${paint('bold', device.name)}${features}\n        ${printable(device.reason)}`,
    `${paint('bold', 'Training')}, seed ${seed}, LoRA of rank ${rank} and alpha ${alpha}${mixed}${begun}\n${trainingTable(run)}`,
    `${paint('bold', 'Wrong answers')} on the test images\n${scoreTable(run, adapted, paint)}`,
    '* adapted to this digit   (change from the base)   off: adapter switched off',
    verdict(run, adapted, paint),
  ];
  return `${parts.join('\n\n').replace('┘\n\n*', '┘\n*')}\n`;
}

export interface AdaptedResult {
  readonly method: Method;
  readonly result: AdaptedSummary;
}

function adaptations({ parametrization, layer }: MnistSummary): AdaptedResult[] {
  const found: AdaptedResult[] = [];
  if (parametrization) found.push({ method: 'parametrization', result: parametrization });
  if (layer) found.push({ method: 'layer', result: layer });
  return found;
}

/** The table of training facts; parameters as the tutorial counts them, in per cent of the base's. */
function trainingTable({ summary }: MnistRun): string {
  const { base } = summary;
  const heading = ['', 'parameters', 'trainable', '% of base', 'iterations', 'mean loss', 'it/s'];
  const rows = [
    ['base', base.parameters, base.parameters, 100, base] as const,
    ...adaptations(summary).map(
      ({ method, result: r }) =>
        [method, r.totalParameters, r.trainableParameters, r.trainablePercent, r] as const,
    ),
  ].map(([name, total, trainable, trainablePercent, facts]) => [
    name,
    integer(total),
    integer(trainable),
    percent(trainablePercent / 100),
    ...factCells(facts),
  ]);
  return groupedTable([[heading], rows]);
}

/** The cells of training facts; empty for a base that was read from a file. */
function factCells({ iterations, meanLoss, iterationsPerSecond }: Partial<TrainingFacts>): string[] {
  if (iterations === undefined || meanLoss === undefined) return ['', '', ''];
  return [integer(iterations), meanLoss.toFixed(4), iterationsPerSecond ? rate(iterationsPerSecond) : ''];
}

/** The sentences below the table, from its numbers. */
function verdict({ summary, digits }: MnistRun, adapted: readonly AdaptedResult[], paint: Paint): string {
  const baseWrong = summary.base.wrong;
  const others = [...baseWrong.keys()].filter((digit) => !digits.includes(digit));
  const width = Math.max(...adapted.map(({ method }) => method.length)) + 1;
  const lines = adapted.flatMap(({ method, result }) => {
    const { wrong } = result.adapted;
    const gain = compare(sumOver(baseWrong, digits), sumOver(wrong, digits), 'the adapted digits', paint);
    const rest = compare(sumOver(baseWrong, others), sumOver(wrong, others), 'the others', paint);
    const first = `${`${method}:`.padEnd(width)} ${gain}`;
    if (others.length === 0) return [`${first}.`];
    const lines = [`${first},`, `${' '.repeat(width)} ${rest}.`];
    const saved = replayed(baseWrong, result, digits, others);
    return saved === undefined ? lines : [...lines, `${' '.repeat(width)} ${saved}`];
  });
  return [...lines, switchedOff(baseWrong, adapted, paint)].join('\n');
}

/** `Replay of 50 %: 1,320 of 1,578 forgotten images saved, 31 fewer gained.` */
function replayed(
  base: readonly number[],
  { adapted, replay }: AdaptedSummary,
  digits: readonly number[],
  others: readonly number[],
): string | undefined {
  if (!replay) return undefined;
  const { wrong } = replay.without.adapted;
  const forgotten = sumOver(wrong, others) - sumOver(base, others);
  const saved = sumOver(wrong, others) - sumOver(adapted.wrong, others);
  const fewer = sumOver(adapted.wrong, digits) - sumOver(wrong, digits);
  const gained =
    fewer === 0
      ? 'the same number gained'
      : `${integer(Math.abs(fewer))} ${fewer > 0 ? 'fewer' : 'more'} gained`;
  const of = `${integer(Math.max(0, forgotten))} forgotten images`;
  const share =
    saved >= 0 ? `${integer(saved)} of ${of} saved` : `${integer(-saved)} more than the ${of} forgotten`;
  return `Replay of ${shortPercent(replay.fraction)}: ${share}, ${gained}.`;
}

function compare(before: number, after: number, where: string, paint: Paint): string {
  const numbers = `(${integer(before)} → ${integer(after)} wrong)`;
  if (after < before)
    return `${paint('green', `${count(before - after, 'image')} gained`)} on ${where} ${numbers}`;
  if (after > before) {
    return `${paint('red', `${count(after - before, 'image')} forgotten`)} on ${where} ${numbers}`;
  }
  return `nothing changed on ${where} (${integer(before)} wrong)`;
}

function switchedOff(baseWrong: readonly number[], adapted: readonly AdaptedResult[], paint: Paint): string {
  const changed = adapted.filter(({ result }) =>
    result.disabled.wrong.some((wrong, digit) => wrong !== baseWrong[digit]),
  );
  if (changed.length > 0) {
    const names = changed.map(({ method }) => method).join(' and ');
    return paint('red', `Switched off, ${names} did not give the base's answers again.`);
  }
  const total = integer(baseWrong.reduce((sum, wrong) => sum + wrong, 0));
  return `Switched off, the base is back: ${total} wrong, the same for every digit.`;
}
