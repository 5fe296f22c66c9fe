/**
 * `npm run bench:language`: training and text of a language model by lowrank, by PyTorch + PEFT, by llama.cpp and by wllama, on the
 * same work, in turns, as Markdown and JSON. Every contender runs in its own process and is checked for right answers first.
 *
 *   npm run bench:language -- --quick --only row,text --builds simd
 *   LOWRANK_PYTHON=/path/to/python LOWRANK_NODE24=/path/to/node npm run bench:language -- --md language.md
 *
 * Left out with a sentence: PyTorch and PEFT where Python has no torch, transformers, peft and gguf; Q8_0 and Q4_0 without gguf;
 * the relaxed build where no Node has relaxed SIMD (LOWRANK_NODE24 names one); browsers where there is no Chromium.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CommanderError } from 'commander';
import { writeFileAtomic } from '../../src/node.js';
import { readReport, renderComparison } from '../compare.js';
import { chatPairs, chatSplit, writeSplit } from './corpus.js';
import { type Options, parseOptions, type Row } from './options.js';
import { type MetricResult, resultsOf } from './results.js';
import { runTask } from './rounds.js';
import { type Report, toMarkdown } from './table.js';
import { type Prepared, tasksOf } from './tasks.js';
import { availableVariants } from './variants.js';

/** Writes a line to standard error; only the tables go to standard output. */
function tell(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** Writes the files that all contenders begin with. */
function prepare(model: string, folder: string, rows: readonly Row[], leftOut: string[]): Prepared {
  const words = ['--import', 'tsx', fileURLToPath(new URL('prepare.ts', import.meta.url)), model, folder];
  let hasExamples = false;
  if (rows.includes('job')) {
    try {
      writeSplit(folder, chatSplit(chatPairs()));
      words.push(join(folder, 'train.jsonl'));
      hasExamples = true;
    } catch (error) {
      leftOut.push(`job: ${error instanceof Error ? error.message : error}`);
      tell(`left out: ${leftOut.at(-1)}`);
    }
  }
  execFileSync(process.execPath, words, { stdio: ['ignore', 'ignore', 'inherit'] });
  const read = (name: string) => JSON.parse(readFileSync(join(folder, name), 'utf8'));
  return {
    adapter: join(folder, 'adapter'),
    checkPrompts: read('prompts.json'),
    examples: hasExamples ? join(folder, 'examples.json') : undefined,
  };
}

async function main(options: Options): Promise<void> {
  const { model, rounds, clock, rows } = options;
  if (!existsSync(model)) throw new Error(`--model: there is no ${model} (npm run fetch:model brings it)`);
  const folder = mkdtempSync(join(tmpdir(), 'lowrank-language-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
  // It is read before anything is measured or written, as it may be the file that is written.
  const earlier = options.compare === undefined ? undefined : await readReport(options.compare);
  const leftOut: string[] = [];
  const prepared = prepare(model, folder, rows, leftOut);
  const { variants, leftOut: missing } = availableVariants(options.variants);
  for (const line of missing) tell(`left out: ${line}`);
  leftOut.push(...missing);
  if (variants.length === 0) throw new Error('there is no build and precision to measure');
  const tasks = tasksOf(options, variants, prepared);
  const done: { metrics: MetricResult[]; checked: string[] } = { metrics: [], checked: [] };
  for (const task of tasks) {
    const run = await runTask(task, rounds, tell);
    done.metrics.push(...resultsOf(run, clock));
    if (run.entries.length > 0) done.checked.push(task.checked);
    leftOut.push(...run.leftOut);
    // Saved after each task, so that a failing task loses no figures.
    await save(options, { ...done, leftOut });
  }
  process.stdout.write(await save(options, { ...done, leftOut }));
  const results = done.metrics.flatMap(({ figures }) => figures);
  if (earlier) process.stdout.write(`\n${renderComparison(earlier, results)}\n`);
}

async function save(
  { model, rounds, clock, quick, json, md }: Options,
  parts: Pick<Report, 'metrics' | 'checked' | 'leftOut'>,
): Promise<string> {
  const machine = { cpu: cpus()[0]?.model ?? 'unknown', cores: cpus().length, node: process.version };
  const report: Report = {
    date: new Date().toISOString(),
    machine,
    model: basename(model),
    rounds,
    ...parts,
  };
  const markdown = toMarkdown(report);
  const write = (file: string, text: string) => {
    mkdirSync(dirname(file), { recursive: true });
    return writeFileAtomic(file, new TextEncoder().encode(text));
  };
  const results = parts.metrics.flatMap(({ figures }) => figures);
  await write(json, `${JSON.stringify({ ...report, clock, quick, results }, undefined, 2)}\n`);
  if (md !== undefined) await write(md, markdown);
  return markdown;
}

async function run(): Promise<number> {
  try {
    await main(parseOptions(process.argv.slice(2)));
    return 0;
  } catch (error) {
    // Commander has already printed it.
    if (error instanceof CommanderError) return error.exitCode;
    tell(`bench:language: ${error instanceof Error ? error.message : error}`);
    return 1;
  }
}

process.exitCode = await run();
