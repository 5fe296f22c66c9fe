/** `npm run bench:peers`: lowrank and others on the same work, in turn, as Markdown and as JSON. */
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { writeFileAtomic } from '../../src/node.js';
import { openJax } from './jax.js';
import { openLowrank } from './lowrank.js';
import { makeOracle } from './oracle.js';
import { type Peer, TASK_NAMES } from './peer.js';
import { openPlainJs } from './plainJs.js';
import { makeReport, toMarkdown } from './report.js';
import { checkAll, timeAll } from './rounds.js';
import { openTfjs, openTfjsByHand } from './tfjs.js';
import { openTorch } from './torch.js';
import { makeWork } from './work.js';

const options = new Command('bench:peers')
  .description('Compares lowrank with others on the same work, one thread each. Takes some minutes.')
  .option('--json <file>', 'where to write the figures', 'build/peers.json')
  .option('--time <ms>', 'milliseconds of each slice', positive, 200)
  .option('--rounds <count>', 'slices of each', positive, 10)
  .option('--only <words...>', 'only tasks whose name contains one of these')
  .option('--deterministic', 'lowrank uses the simd build even where the runtime has relaxed SIMD')
  .parse()
  .opts<{ json: string; time: number; rounds: number; only?: string[]; deterministic?: boolean }>();

function positive(text: string): number {
  const value = Number(text);
  if (!(value >= 1)) throw new InvalidArgumentError('It must be a number of at least 1.');
  return value;
}

/** Writes a line to standard error; only the table goes to standard output. */
function tell(line: string): void {
  process.stderr.write(`${line}\n`);
}

const { only, rounds, time: sliceMs, deterministic = false } = options;
const names = TASK_NAMES.filter((name) => !only || only.some((word) => name.includes(word)));
const work = await makeWork();
const peers: Peer[] = [await openLowrank(work, deterministic)];
const leftOut: string[] = [];
const others = {
  'plain JavaScript': openPlainJs,
  tfjs: openTfjs,
  'tfjs by hand': openTfjsByHand,
  'jax-js': openJax,
  PyTorch: openTorch,
};
for (const [name, open] of Object.entries(others)) {
  try {
    peers.push(await open(work));
  } catch (error) {
    leftOut.push(`${name}: ${error instanceof Error ? error.message : error}`);
  }
}
for (const { name, version, how } of peers) tell(`${name} ${version}: ${how}`);
for (const line of leftOut) tell(`left out: ${line}`);

tell('computing the right answers in float64');
const oracle = await makeOracle(work);
const entries = await checkAll(names, peers, oracle, tell);
await timeAll(entries, { rounds, sliceMs }, tell);

const report = makeReport(entries, peers, leftOut, work);
process.stdout.write(toMarkdown(report));
mkdirSync(dirname(options.json), { recursive: true });
await writeFileAtomic(options.json, new TextEncoder().encode(`${JSON.stringify(report, undefined, 2)}\n`));
tell(`written: ${options.json}`);
for (const peer of peers) peer.dispose();
