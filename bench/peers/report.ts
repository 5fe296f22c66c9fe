/** The comparison as Markdown, and as data. The first peer is the one that the others are compared with. */
import { cpus } from 'node:os';
import { COUNT_TOLERANCE, LOSS_TOLERANCE, PRODUCT_TOLERANCE } from './oracle.js';
import { EVALUATION_BATCHES, type Peer, type TaskName } from './peer.js';
import { type Entries, type Entry, fastestOf, summarize, timesAsLong } from './rounds.js';
import { BATCH_SIZE, CHECK_STEPS, LORA, STEPS, type Work } from './work.js';

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly node: string;
}

export function machine(): Machine {
  return { cpu: cpus()[0]?.model ?? 'unknown', cores: cpus().length, node: process.version };
}

/** The work of a task's call, for turning its time into a figure. */
function unitOf(name: TaskName, work: Work): { title: string; unit: string; perCall: number } {
  const [kind, size, letters] = name.split(' ');
  if (kind === 'evaluation') {
    const title = size === 'best' ? 'evaluation, at its better batch' : `evaluation, batch ${size}`;
    return { title, unit: 'images/s', perCall: work.test.count };
  }
  if (kind === 'matmul') {
    return { title: `matmul ${size}³ ${letters}`, unit: 'GFLOP/s', perCall: (2 * Number(size) ** 3) / 1e9 };
  }
  const title = kind === 'full' ? 'full training step' : `LoRA step, ${kind}, rank ${LORA.rank}`;
  return { title: `${title}, batch ${BATCH_SIZE}`, unit: 'it/s', perCall: STEPS };
}

export interface Report {
  readonly date: string;
  readonly machine: Machine;
  readonly peers: readonly Pick<Peer, 'name' | 'version' | 'language' | 'how'>[];
  readonly leftOut: readonly string[];
  readonly results: readonly Result[];
}

interface Result {
  readonly task: string;
  readonly unit: string;
  readonly peers: readonly Figure[];
}

interface Figure {
  readonly name: string;
  readonly wrong?: string;
  /** Figure in the result's unit, from the median time. */
  readonly median?: number;
  readonly spreadPercent?: number;
  readonly calls?: number;
  /** Ratio of its time to that of the first peer, round by round. */
  readonly timesAsLong?: number;
}

export function makeReport(
  entries: Entries,
  peers: readonly Peer[],
  leftOut: readonly string[],
  work: Work,
): Report {
  const results = Array.from(withBestEvaluation(entries), ([name, row]) => {
    const { title, unit, perCall } = unitOf(name, work);
    const ours = row.find(({ peer }) => peer === peers[0]);
    return { task: title, unit, peers: row.map((entry) => figureOf(entry, ours, perCall)) };
  });
  return {
    date: new Date().toISOString(),
    machine: machine(),
    peers: peers.map(({ name, version, language, how }) => ({ name, version, language, how })),
    leftOut,
    results,
  };
}

/** The row of each peer's better batch size follows those of the batch sizes. */
function withBestEvaluation(entries: Entries): Entries {
  const evaluations = EVALUATION_BATCHES.map((batchSize) => `evaluation ${batchSize}` as const);
  const rows = evaluations.flatMap((name) => [entries.get(name) ?? []]);
  return new Map(
    Array.from(entries).flatMap(([name, row]) =>
      name === evaluations.at(-1)
        ? [[name, row] as const, ['evaluation best', fastestOf(rows)] as const]
        : [[name, row] as const],
    ),
  );
}

function figureOf(entry: Entry, ours: Entry | undefined, perCall: number): Figure {
  const { name } = entry.peer;
  if (entry.wrong !== undefined) return { name, wrong: entry.wrong };
  const { medianSeconds, spreadPercent, calls } = summarize(entry);
  const figure = { name, median: perCall / medianSeconds, spreadPercent, calls };
  if (!ours || ours.wrong !== undefined) return figure;
  return { ...figure, timesAsLong: timesAsLong(entry, ours) };
}

export function toMarkdown(report: Report): string {
  const { date, machine, peers, leftOut, results } = report;
  const lines = [
    `${machine.cpu}, ${machine.cores} cores, Node ${machine.node}, ${date.slice(0, 10)}; one thread everywhere.`,
    '',
    ...table(
      ['', ...peers.map(({ name }) => name)],
      results.map((result) => [`${result.task}, ${result.unit}`, ...cells(result, peers, figureCell)]),
    ),
    '',
    `How many times as fast ${peers[0].name} is as each:`,
    '',
    ...table(
      ['', ...peers.slice(1).map(({ name }) => name), 'the fastest in JavaScript'],
      results.map((result) => [
        result.task,
        ...cells(result, peers.slice(1), ratioCell),
        fastestCell(result, peers.slice(1)),
      ]),
    ),
    '',
    ...peers.map(({ name, version, how }) => `- ${name} ${version}: ${how}`),
    ...leftOut.map((line) => `- left out: ${line}`),
    ...wrongLines(results),
    '',
    notes(results),
  ];
  return `${lines.join('\n')}\n`;
}

function notes(results: readonly Result[]): string {
  const spreads = results.flatMap(({ peers }) => peers.map(({ spreadPercent = 0 }) => spreadPercent));
  return [
    `Medians of calls in rounds where the peers take turns (a call is ${STEPS} steps, one evaluation of all test`,
    'images, or one product), and medians of the ratios of each round. A median absolute deviation of 10 % and',
    `more is given; the largest is ${Math.max(...spreads).toFixed(0)} %. Each peer was checked first: ${CHECK_STEPS}`,
    `losses within ${LOSS_TOLERANCE} relative of float64 from the same weights, at most ${COUNT_TOLERANCE} images`,
    `counted differently, products within ${PRODUCT_TOLERANCE}·2⁻²⁴ Σ|a||b| of float64 sums.`,
  ].join('\n');
}

type Cell = (figure: Figure) => string;

function cells(result: Result, peers: readonly { name: string }[], cell: Cell): string[] {
  return peers.map(({ name }) => {
    const figure = result.peers.find((each) => each.name === name);
    if (!figure) return '–';
    return figure.wrong === undefined ? cell(figure) : 'wrong';
  });
}

const figureCell: Cell = ({ median = Number.NaN, spreadPercent = 0 }) => {
  const digits = median < 100 ? 1 : 0;
  const figure = median.toLocaleString('en', {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
  return spreadPercent >= 10 ? `${figure} (±${spreadPercent.toFixed(0)} %)` : figure;
};

const ratioCell: Cell = ({ timesAsLong = Number.NaN }) => timesAsLong.toFixed(2);

function fastestCell({ peers: figures }: Result, peers: Report['peers']): string {
  const names = peers.filter(({ language }) => language === 'JavaScript').map(({ name }) => name);
  const ratios = figures.filter(({ name, timesAsLong }) => names.includes(name) && timesAsLong !== undefined);
  const [fastest] = ratios.sort((a, b) => (a.timesAsLong ?? 0) - (b.timesAsLong ?? 0));
  return fastest ? `${ratioCell(fastest)} (${fastest.name})` : '–';
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (row: readonly string[]) => `| ${row.join(' | ')} |`;
  return [line(head), line(head.map((_, i) => (i === 0 ? '---' : '---:'))), ...rows.map(line)];
}

function wrongLines(results: readonly Result[]): string[] {
  return results.flatMap(({ task, peers }) =>
    peers.flatMap(({ name, wrong }) => (wrong === undefined ? [] : [`- wrong: ${name}, ${task}: ${wrong}`])),
  );
}
