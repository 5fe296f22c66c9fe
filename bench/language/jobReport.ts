/** The runs of the bench as Markdown. */
import { text as escaped, tableOf } from '../../src/cli/language/markdown.js';
import type { Answers } from './answers.js';
import type { PeerFigures, PeerOptions } from './peer.js';
import type { Settings } from './settings.js';
import type { DataFigures, Scores, TrainFigures } from './trainRun.js';

/** A run of `lowrank train`. */
export interface JobRun {
  readonly data: string;
  readonly settings: Settings;
  readonly figures: TrainFigures;
  readonly answers: Answers | undefined;
}

export interface PeerRun {
  readonly data: string;
  readonly options: PeerOptions;
  readonly figures: PeerFigures;
}

export interface JobData {
  readonly name: string;
  readonly title: string;
  readonly figures: DataFigures;
}

export interface Job {
  readonly data: JobData[];
  readonly runs: JobRun[];
  readonly peers: PeerRun[];
}

/** What was trained, a table of all runs, the peer's, and the samples of the first run of each data. */
export function renderJob({ data, runs, peers }: Job): string {
  const parts = [data.map(dataLine).join('\n'), runTable(runs)];
  if (runs.length === 1) parts.push(scoreTable(runs[0].figures));
  if (peers.length > 0) parts.push(peerTable(peers));
  for (const { name, title } of data) {
    const run = runs.find((each) => each.data === name);
    if (run && run.figures.samples.length > 0) parts.push(sampleTable(title, run));
  }
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

function dataLine({ title, figures: { train, valid, duplicates } }: JobData): string {
  const { same = 0, nearlySame = 0, samePrompt = 0 } = duplicates?.counts ?? {};
  return (
    `- ${title}: ${train?.examples ?? 0} examples, ${valid?.examples ?? 0} held out; of these ${same} are also in training, ` +
    `${nearlySame} but for case, spaces and punctuation, ${samePrompt} with the same prompt only.`
  );
}

function runTable(runs: readonly JobRun[]): string {
  const names = [...new Set(runs.flatMap(({ settings }) => [...settings.keys()]))];
  const hasAnswers = runs.some(({ answers }) => answers);
  const heading = [
    ...['Data', ...names.map((name) => `\`--${name}\``), 'Steps', 'Loss before', 'after'],
    ...['Accuracy before', 'after', 'Best step', 'Kept: better/same/worse'],
    ...(hasAnswers ? ['Exact before', 'after'] : []),
    ...['Time', 'Device memory'],
  ];
  const rows = runs.map(({ data, settings, figures, answers }) => {
    const { steps, before, after, best, keep, seconds, peakBytes } = figures;
    const counts = (exact: number | undefined) =>
      answers && exact !== undefined ? `${exact}/${answers.total}` : '–';
    return [
      ...[data, ...names.map((name) => settings.get(name) ?? '–'), `${steps}`],
      ...[number(before?.loss, 4), number(after?.loss, 4), percent(before), percent(after)],
      ...[`${best ?? '–'}`, keep ? `${keep.better}/${keep.same}/${keep.worse}` : '–'],
      ...(hasAnswers ? [counts(answers?.base), counts(answers?.adapted)] : []),
      ...[minutes(seconds), megabytes(peakBytes)],
    ];
  });
  return tableOf(heading, rows, 1 + names.length);
}

/** All scores of one run. */
function scoreTable({ before, after }: TrainFigures): string {
  const rows: [string, (scores: Scores | null) => string][] = [
    ['Loss (nats per trained token)', (scores) => number(scores?.loss, 4)],
    ['Perplexity', (scores) => number(scores?.perplexity, 2)],
    ['Bits per byte', (scores) => number(scores?.bitsPerByte, 4)],
    ['Token accuracy', percent],
  ];
  const heading = ['Held-out examples', 'before', 'after'];
  return tableOf(
    heading,
    rows.map(([name, shown]) => [name, shown(before), shown(after)]),
    1,
  );
}

function peerTable(peers: readonly PeerRun[]): string {
  const heading = [
    'Peer',
    'Data',
    'Examples a step',
    'Rate',
    'Steps',
    'Loss before',
    'after',
    'Time',
    'Process',
  ];
  const rows = peers.map(({ data, options, figures }) => {
    const { versions, losses, steps, seconds, peakResidentBytes } = figures;
    return [
      ...[`PEFT ${versions.peft}, PyTorch ${versions.torch}`, data, `${options.batchSize}`],
      ...[`${options.learningRate}, ${options.schedule}`, `${steps}`],
      ...[number(losses[0], 4), number(losses.at(-1), 4), minutes(seconds), megabytes(peakResidentBytes)],
    ];
  });
  return tableOf(heading, rows, 4);
}

function sampleTable(title: string, { figures: { samples } }: JobRun): string {
  const rows = samples.map(({ prompt, base, adapted }) => [prompt, base, adapted].map(oneLine));
  return tableOf([`${title}: prompt`, 'base', 'adapted'], rows, 3);
}

function oneLine(value: string): string {
  return escaped(value.replace(/\s+/g, ' ').trim());
}

function number(value: number | undefined, digits: number): string {
  return value === undefined ? '–' : value.toFixed(digits);
}

function percent(scores: Scores | null): string {
  return scores ? `${(100 * scores.accuracy).toFixed(1)} %` : '–';
}

function minutes(seconds: number): string {
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)}:${`${whole % 60}`.padStart(2, '0')} min`;
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1e6)} MB`;
}
