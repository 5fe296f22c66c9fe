/**
 * `npm run bench:job`: trains SmolLM2-135M-Instruct through the command line on a real chat set (160 pairs of
 * chatterbot-corpus, 60 held out) or on the presets beside this file, and shows the results as Markdown and JSON.
 *
 *   npm run bench:job                                           the real job, 2 passes, with the defaults of `lowrank train`
 *   npm run bench:job -- --data cafe,short-answers,order-json --epochs default --answers
 *   npm run bench:job -- --vary learning-rate=1e-4,2e-4,5e-4 --vary seed=0,1,2 -- --keep none
 *   LOWRANK_PYTHON=/path/to/python npm run bench:job -- --peft  and then the same job by PEFT
 *
 * Options after `--` are passed to every `lowrank train`. The peer requires an interpreter with torch, transformers, peft and
 * gguf; where there is none it is left out with a notice. The corpus comes from the interpreter's packages, or by its pip into the cache.
 */
import { mkdirSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { TRAIN_DEFAULTS } from '../../src/cli/language/trainOptions.js';
import { cacheDirectory } from '../../src/node/cache.js';
import { writeFileAtomic } from '../../src/node.js';
import { exactAnswers } from './answers.js';
import { chatPairs, chatSplit, writeSplit } from './corpus.js';
import { type Job, type JobRun, renderJob } from './jobReport.js';
import { missingPeer, type PeerOptions, peerRun } from './peer.js';
import { PRESETS } from './presets.js';
import { combinations, optionsOf, type Settings, variedOption } from './settings.js';
import { dataRun, trainRun } from './trainRun.js';

interface Options {
  readonly model: string;
  readonly data: string;
  readonly epochs: string;
  readonly threads: string;
  readonly vary: readonly string[];
  readonly answers?: boolean;
  readonly peft?: boolean;
  readonly out: string;
}

interface Source {
  readonly name: string;
  readonly title: string;
  readonly folder: string;
}

/** PEFT with steps and rate as `lowrank train` has them by default, and as TRL's users often have them. */
const PEERS: readonly Pick<PeerOptions, 'batchSize' | 'learningRate' | 'schedule'>[] = [
  { batchSize: 10, learningRate: 2e-4, schedule: 'cosine' },
  { batchSize: 8, learningRate: 5e-4, schedule: 'constant' },
];

const command = new Command('bench:job')
  .description('Trains a language model on a real chat set or on presets, and shows the results.')
  .option('--model <path>', 'a GGUF file', join(cacheDirectory(), 'SmolLM2-135M-Instruct.Q4_1.gguf'))
  .option('--data <names>', `chat, ${PRESETS.map(({ id }) => id).join(', ')}, with commas between`, 'chat')
  .option('--epochs <n>', "passes, or default for the command's own number", '2')
  .option('--threads <n>', 'threads of lowrank and of the peer', '2')
  .option('--vary <option=values>', 'an option of train and its values; may be repeated', collect, [])
  .option('--answers', 'count the held-out prompts that are answered word for word')
  .option('--peft', 'afterwards train the same with PEFT, where Python has it')
  .option('--out <dir>', 'where data, runs and figures are written', 'build/job')
  .argument('[options...]', 'options of every lowrank train, after --')
  .parse();

function collect(value: string, earlier: readonly string[]): readonly string[] {
  return [...earlier, value];
}

function sourceOf(name: string, out: string): Source {
  const preset = PRESETS.find(({ id }) => id === name);
  if (preset) return { name, title: preset.title, folder: preset.folder };
  if (name !== 'chat') throw new RangeError(`--data: must be chat or a preset: ${name}`);
  const folder = join(out, 'data', name);
  writeSplit(folder, chatSplit(chatPairs()));
  return { name, title: 'Chat pairs (chatterbot-corpus: tech_support, trivia)', folder };
}

async function train(
  { name, folder }: Source,
  settings: Settings,
  options: Options,
  rest: readonly string[],
): Promise<JobRun> {
  const words = [name, ...Array.from(settings, ([option, value]) => `${option}-${value}`)];
  const out = join(options.out, 'runs', words.join('_'));
  const { model, threads, epochs } = options;
  const passes = epochs === 'default' ? [] : ['--epochs', epochs];
  console.error(`\n${words.join(' ')}`);
  const figures = await trainRun([
    ...['--model', model, '--data', folder, '--out', out, '--threads', threads, ...passes],
    ...optionsOf(settings),
    ...rest,
  ]);
  const answers = options.answers
    ? await exactAnswers(model, { adapter: out, folder, threads: Number(threads) })
    : undefined;
  return { data: name, settings, figures, answers };
}

async function trainPeers(sources: readonly Source[], options: Options, job: Job): Promise<void> {
  const missing = missingPeer();
  if (missing) {
    console.error(`left out: PEFT: ${missing}`);
    return;
  }
  const passes = options.epochs === 'default' ? Number(TRAIN_DEFAULTS.epochs) : Number(options.epochs);
  for (const { name, folder } of sources) {
    for (const peer of PEERS) {
      const { batchSize, learningRate, schedule } = peer;
      console.error(`\nPEFT: ${name}, ${batchSize} examples a step, ${learningRate}, ${schedule}`);
      const peerOptions = { ...peer, passes, threads: Number(options.threads), seed: 0 };
      const figures = await peerRun(options.model, folder, peerOptions);
      job.peers.push({ data: name, options: peerOptions, figures });
    }
  }
}

async function main(options: Options, rest: readonly string[]): Promise<void> {
  const settings = combinations(options.vary.map(variedOption));
  mkdirSync(options.out, { recursive: true });
  const sources = options.data.split(',').map((name) => sourceOf(name, options.out));
  const job: Job = { data: [], runs: [], peers: [] };
  for (const source of sources) {
    job.data.push({ ...source, figures: await dataRun(options.model, source.folder) });
    for (const each of settings) {
      job.runs.push(await train(source, each, options, rest));
      // Saved after each run, so that a failing run loses no figures.
      await save(job, options.out, rest);
    }
  }
  if (options.peft) await trainPeers(sources, options, job);
  console.log(await save(job, options.out, rest));
}

async function save(job: Job, out: string, rest: readonly string[]): Promise<string> {
  const markdown = renderJob(job);
  const report = {
    ...{ date: new Date().toISOString(), options: rest },
    machine: { cpu: cpus()[0]?.model ?? 'unknown', cores: cpus().length, node: process.version },
    ...job,
    runs: job.runs.map((run) => ({ ...run, settings: Object.fromEntries(run.settings) })),
  };
  const write = (name: string, text: string) =>
    writeFileAtomic(join(out, name), new TextEncoder().encode(text));
  await write('job.json', `${JSON.stringify(report, undefined, 2)}\n`);
  await write('job.md', markdown);
  return markdown;
}

await main(command.opts<Options>(), command.args).catch((error: unknown) => {
  console.error(`bench:job: ${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
});
