/** The output of `lowrank sweep`: a row for each trial as it ends, and the table of the configurations. */
import { count, duration, integer, shortPercent, signed } from './format.js';
import type { Paint } from './paint.js';
import { sumOver } from './scoreTable.js';
import type { Configuration, SweepResult } from './sweepResult.js';
import { groupedTable } from './table.js';
import type { Trial } from './trials.js';

const WIDTHS = [9, 15, 5, 7, 9, 10, 7, 10, 9];

/** The heading of the rows of trials. */
export function trialHeading(): string {
  return cells(['trial', 'method', 'rank', 'alpha', 'lr', 'seed', 'gained', 'forgotten', 'time']);
}

/** A finished trial, on one line. */
export function trialRow(trial: Trial, done: number, total: number): string {
  const { method, rank, alpha, learningRate, seed, gained, forgotten, seconds } = trial;
  const settings = [method, `${rank}`, `${alpha}`, `${learningRate}`, `${seed}`];
  return cells([`${done}/${total}`, ...settings, integer(gained), integer(forgotten), duration(seconds)]);
}

function cells(texts: readonly string[]): string {
  return texts
    .map((text, i) => (i < 2 ? text.padEnd(WIDTHS[i]) : text.padStart(WIDTHS[i])))
    .join(' ')
    .trimEnd();
}

/** The report as text, with a newline at its end; fits in 120 columns. */
export function renderSweep(result: SweepResult, paint: Paint): string {
  const { configurations, best, digits, base, replay, iterations } = result;
  const others = [...base.wrong.keys()].filter((digit) => !digits.includes(digit));
  const seeds = count(configurations[0].seeds, 'seed');
  const mixed = replay > 0 ? `, replay of ${shortPercent(replay)}` : '';
  const deviations = configurations[0].seeds > 1 ? ', ± the standard deviation' : '';
  const heading = ['', 'method', 'rank', 'alpha', 'lr', 'gained', 'forgotten', 'net', 'parameters', 'time'];
  const wrong = `base: ${integer(sumOver(base.wrong, digits))} wrong on ${digits.join(', ')}`;
  const rest = others.length === 0 ? '' : `, ${integer(sumOver(base.wrong, others))} on the others`;
  return [
    `${paint('bold', 'Sweep')}: ${count(configurations.length, 'configuration')}, ${seeds} each, ${integer(iterations)} iterations${mixed}`,
    groupedTable([[heading], configurations.map((each, i) => row(each, i === best, paint))], [0, 1]),
    `gained: images on the adapted digits, forgotten: on the others; means over the seeds${deviations}`,
    `${wrong}${rest}`,
    paint(
      'green',
      `* best: ${named(configurations[best])}, by images gained less forgotten, then by parameters`,
    ),
    '',
  ].join('\n');
}

function named({ method, rank, alpha, learningRate }: Configuration): string {
  return `${method} of rank ${rank}, alpha ${alpha}, learning rate ${learningRate}`;
}

function row(each: Configuration, isBest: boolean, paint: Paint): string[] {
  const { method, rank, alpha, learningRate, gained, gainedDeviation, forgotten, forgottenDeviation } = each;
  const spread = (value: number, deviation: number) =>
    each.seeds > 1 ? `${value.toFixed(1)} ±${deviation.toFixed(1).padStart(5)}` : integer(value);
  const texts = [
    ...[isBest ? '*' : '', method, `${rank}`, `${alpha}`, `${learningRate}`],
    ...[spread(gained, gainedDeviation), spread(forgotten, forgottenDeviation)],
    signed(gained - forgotten, each.seeds > 1 ? 1 : 0),
    integer(each.parameters),
    duration(each.seconds),
  ];
  return isBest ? texts.map((text) => paint('bold', text)) : texts;
}
